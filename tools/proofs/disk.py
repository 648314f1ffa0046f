"""A disk under a recording: what is durable, and what a power cut may make of the rest.

What is assumed of the file system, ext4 or xfs on a disk that honours flushes:

- fsync and fdatasync make a file's content and size durable; a write through O_DSYNC makes the
  pages it touches durable, and the size up to its end.
- Anything else may be there or not, each 512-byte sector by itself, as it was after any of the
  writes to it since the last barrier. A file may have grown without its data: zeros then. (Both
  file systems order data before size, so this is harsher than they are.)
- Names (create, rename, remove) change in the order of the journal: of those not yet durable a
  beginning is there. fsync of a directory makes its names durable, and what they depend on; fsync
  of a file does not make its name durable (both file systems do, so this is harsher too).
"""

import pathlib

from .recording import Kind

SECTOR = 512
PAGE = 4_096


class File:
    """A file: what is durable of it, and the versions of each sector since."""

    def __init__(self):
        self.durable = bytearray()
        self.cache = bytearray()
        self.sectors = {}  # sector -> [(number of the record, bytes)]
        self.sizes = []  # [(number of the record, bytes of the file)]

    def write(self, number, offset, data):
        """Changes the page cache."""
        end = offset + len(data)
        if end > len(self.cache):
            self.resize(number, end)
        self.cache[offset:end] = data
        for sector in range(offset // SECTOR, (end - 1) // SECTOR + 1):
            now = bytes(self.cache[sector * SECTOR : (sector + 1) * SECTOR])
            self.sectors.setdefault(sector, []).append((number, now))

    def resize(self, number, size):
        """Changes the size in the page cache."""
        if size < len(self.cache):
            first_gone = -(-size // SECTOR)
            self.sectors = {s: v for s, v in self.sectors.items() if s < first_gone}
            del self.cache[size:]
        self.cache.extend(bytes(size - len(self.cache)))
        self.sizes.append((number, size))

    def sync(self):
        """Makes all of it durable."""
        self._flush(list(self.sectors))
        _resize(self.durable, len(self.cache))
        self.sizes.clear()

    def sync_range(self, offset, length):
        """Makes the pages of a range durable."""
        end = offset + length
        pages = range(offset // PAGE, (end - 1) // PAGE + 1)
        if end > len(self.durable):
            _resize(self.durable, end)
        self._flush([sector for sector in self.sectors if sector * SECTOR // PAGE in pages])

    def _flush(self, sectors):
        for sector in sectors:
            _place(self.durable, sector, self.sectors.pop(sector)[-1][1])

    def pending(self):
        """Numbers of the records of which something is not durable."""
        numbers = {number for versions in self.sectors.values() for number, _ in versions}
        return numbers | {number for number, _ in self.sizes}

    def image(self, keeps):
        """The content after a power cut; `keeps` says of (record, sector) whether it is there."""
        image = bytearray(self.durable)
        size = len(image)
        for number, changed in self.sizes:
            if keeps(number, None):
                size = changed
        _resize(image, size)
        for sector, versions in self.sectors.items():
            kept = [content for number, content in versions if keeps(number, sector)]
            if kept and sector * SECTOR < size:
                _place(image, sector, kept[-1])
        _resize(image, size)
        return bytes(image)


def _place(content, sector, data):
    start = sector * SECTOR
    if start > len(content):
        content.extend(bytes(start - len(content)))
    content[start : start + len(data)] = data


def _resize(content, size):
    del content[size:]
    content.extend(bytes(size - len(content)))


class Directory:
    """Names and what they stand for, durable and now."""

    def __init__(self):
        self.durable = {}
        self.now = {}


class Disk:
    """All files below one directory, as records are replayed."""

    def __init__(self, root):
        self.root = str(root)
        self.top = Directory()
        self.inodes = {}
        self.files = []
        self.names = []  # [(number, [(directory, name, node or None)])] that are not durable

    def start(self, number, record):
        """The call is under way: what it changes may be there, and none of it is durable."""
        match record.kind:
            case Kind.CREATE:
                file = self.inodes[record.inode] = File()
                self.files.append(file)
                self._name(number, [(*self._find(record.path), file)])
            case Kind.WRITE:
                self.inodes[record.inode].write(number, record.offset, record.data)
            case Kind.TRUNCATE:
                self.inodes[record.inode].resize(number, record.offset)
            case Kind.MAKE_DIRECTORY if record.path != self.root:
                self._name(number, [(*self._find(record.path), Directory())])
            case Kind.RENAME:
                directory, name = self._find(record.path)
                moved = directory.now[name]
                place = self._find(record.other)
                self._name(number, [(*place, moved), (directory, name, None)])
            case Kind.REMOVE:
                self._name(number, [(*self._find(record.path), None)])

    def finish(self, record):
        """The call has returned: barriers hold."""
        match record.kind:
            case Kind.WRITE if record.is_synced:
                self.inodes[record.inode].sync_range(record.offset, len(record.data))
            case Kind.SYNC:
                self.inodes[record.inode].sync()
            case Kind.SYNC_DIRECTORY:
                self._sync_names(self._directory(record.path))

    def pending(self):
        """Numbers of records of which something is not durable, in order."""
        numbers = {number for number, _ in self.names}
        return sorted(numbers.union(*(file.pending() for file in self.files)))

    def image(self, keeps):
        """Path to content after a power cut, None for directories; `keeps` as of `File.image`."""
        kept = []
        for number, edits in self.names:
            if not keeps(number, None):
                break  # the journal ends here
            kept += edits
        view = {}
        for directory, name, node in kept:
            view.setdefault(directory, dict(directory.durable))[name] = node
        return dict(self._walk(lambda d: view.get(d, d.durable), lambda f: f.image(keeps)))

    def now(self):
        """Path to content as the recorded process saw it."""
        return dict(self._walk(lambda d: d.now, lambda f: bytes(f.cache)))

    def _walk(self, names, content):
        waiting = [("", self.top)]
        while waiting:
            path, directory = waiting.pop()
            for name, node in names(directory).items():
                if isinstance(node, Directory):
                    yield f"{path}{name}", None
                    waiting.append((f"{path}{name}/", node))
                elif node is not None:
                    yield f"{path}{name}", content(node)

    def _name(self, number, edits):
        for directory, name, node in edits:
            if node is None:
                directory.now.pop(name)
            else:
                directory.now[name] = node
        self.names.append((number, edits))

    def _sync_names(self, directory):
        places = {
            (d, name) for _, edits in self.names for d, name, _ in edits if d is directory
        }
        before = None
        while before != len(places):
            before = len(places)
            for _, edits in self.names:
                if any((d, name) in places for d, name, _ in edits):
                    places |= {(d, name) for d, name, _ in edits}
        waiting = []
        for number, edits in self.names:
            if any((d, name) in places for d, name, _ in edits):
                for d, name, node in edits:
                    if node is None:
                        d.durable.pop(name, None)
                    else:
                        d.durable[name] = node
            else:
                waiting.append((number, edits))
        self.names = waiting

    def _directory(self, path):
        directory = self.top
        for part in _parts(path, self.root):
            directory = directory.now[part]
        return directory

    def _find(self, path):
        parts = _parts(path, self.root)
        return self._directory("/".join([self.root, *parts[:-1]])), parts[-1]


def _parts(path, root):
    return pathlib.PurePosixPath(path).relative_to(root).parts


def policy(pending, generator):
    """What a power cut does to pending records: returns (name, `keeps` of `Disk.image`).

    A policy decides for each record whether all, some or no sectors of it reach the disk.
    """
    name = generator.choice(["none", "all", "beginning", "some", "torn", "all but one", "one"])
    chosen = generator.choice(pending) if pending else 0
    share = generator.random()
    fate = {number: generator.random() < share for number in pending}
    torn = {number: generator.random() < 0.5 for number in pending}
    salt = generator.getrandbits(32)

    def keeps(number, sector):
        match name:
            case "none" | "all":
                return name == "all"
            case "beginning":
                return number < chosen
            case "all but one":
                return number != chosen
            case "one":
                return number == chosen
            case "torn" if torn[number] and sector is not None:
                return hash((salt, number, sector)) % 2 == 0
        return fate[number]

    return name, keeps


def materialise(image, directory):
    """Writes an image to a new directory."""
    for path, content in sorted(image.items()):
        target = pathlib.Path(directory, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(content)
