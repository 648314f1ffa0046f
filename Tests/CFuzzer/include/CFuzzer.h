// The entry of libFuzzer, which `swift build --sanitize fuzzer` links.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Runs until the arguments' limits or the first crash; 0 = none.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));
