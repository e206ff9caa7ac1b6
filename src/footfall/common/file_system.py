"""On what kind of disk a file is: shared over a network, or gone with the next deploy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Mount", "is_network", "mount_of", "temporary_disk"]

_MOUNTS: Final = "/proc/mounts"
# Those whose locks and shared memory SQLite cannot rely on (https://sqlite.org/wal.html).
_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "gluster", "glusterfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "smb3", "smbfs", "virtiofs"}
)
# Whatever a FUSE file system is, the part after the dot says it.
_NETWORK_FUSE: Final = ("gcsfuse", "glusterfs", "rclone", "s3fs", "sshfs")
# A container's own disk.
_IMAGE: Final = frozenset({"overlay", "aufs", "tmpfs", "rootfs"})
# The variable that a platform sets in each container, and when it empties the disk. From their
# documentation on environment variables and disks (read 2026-11).
_PLATFORMS: Final = {
    "DYNO": "Heroku empties with each deploy and at least once a day",
    "K_SERVICE": "Cloud Run empties with each new instance, and keeps in memory",
    "RENDER": "Render empties with each deploy",
    "FLY_APP_NAME": "Fly empties with each deploy and restart",
    "RAILWAY_ENVIRONMENT_NAME": "Railway empties with each deploy",
    "AWS_LAMBDA_FUNCTION_NAME": "Lambda gives to one instance and empties",
    "VERCEL": "Vercel gives to one instance and empties",
}


class Mount(NamedTuple):
    """A mounted file system."""

    point: str
    type: str


def mount_of(path: str, mounts: str | None = None) -> Mount | None:
    """The file system of a path, there already or not; None where the system does not say.

    Args:
        path: Of a file or directory.
        mounts: The text of `/proc/mounts`; None to read it.
    """
    if mounts is None:
        try:
            mounts = Path(_MOUNTS).read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    real = os.path.realpath(path)
    found: Mount | None = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # A space in it is written as an octal escape.
        point = fields[1].replace("\\040", " ")
        is_above = f"{real}/".startswith(f"{point.rstrip('/')}/")
        # The last of several on one point is the one that is seen.
        if is_above and (found is None or len(point) >= len(found.point)):
            found = Mount(point, fields[2])
    return found


def is_network(mount: Mount | None) -> bool:
    """Whether a file system is shared over a network, where SQLite's log does not work."""
    if mount is None:
        return False
    kind, _, program = mount.type.partition(".")
    return kind in _NETWORK or (kind == "fuse" and program.startswith(_NETWORK_FUSE))


def temporary_disk(mount: Mount | None, environ: Mapping[str, str]) -> str | None:
    """What the platform does with a container's own disk; None for a volume or another machine."""
    is_image = mount is not None and (mount.point == "/" or mount.type in _IMAGE)
    if not is_image:
        return None
    return next((does for name, does in _PLATFORMS.items() if environ.get(name)), None)
