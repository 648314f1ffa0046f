"""What the figures were measured on, in one line."""

import os
import platform

from results_log import cpu_model

# What matters to the kernels, by the processor's own names.
FEATURES = ("avx2", "avx512f", "avx512bw", "avx512_vnni", "avx512_vpopcntdq", "asimd", "asimddp")


def hardware():
    """Processor, its relevant features, cores, memory, system."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set()
        for line in file:
            if line.lower().startswith(("flags", "features")):
                flags = set(line.split(":", 1)[1].split())
                break
    present = " ".join(feature for feature in FEATURES if feature in flags)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (f"{cpu_model()} ({present}), {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"Linux {platform.release().split('-')[0]}")
