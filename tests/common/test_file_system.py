"""On what kind of disk a file is."""

from __future__ import annotations

import sys

import pytest

from footfall.common.file_system import Mount, is_network, mount_of, temporary_disk

MOUNTS = """\
overlay / overlay rw,relatime 0 0
proc /proc proc rw 0 0
tmpfs /tmp tmpfs rw 0 0
/dev/sdb1 /data ext4 rw 0 0
server:/export /data/shared nfs4 rw,vers=4.2 0 0
//server/share /mnt/with\\040space cifs rw 0 0
me@host: /mnt/remote fuse.sshfs rw 0 0
bucket /mnt/bucket fuse.gcsfuse rw 0 0
/dev/fuse /mnt/ntfs fuseblk rw 0 0
old /twice ext4 rw 0 0
new:/ /twice nfs rw 0 0
broken
"""

PATHS = (
    ("/app/f.db", "/", False),
    ("/tmp/f.db", "/tmp", False),
    ("/data/f.db", "/data", False),
    ("/data", "/data", False),
    ("/database/f.db", "/", False),
    ("/data/shared/f.db", "/data/shared", True),
    ("/data/shared/../f.db", "/data", False),
    ("/mnt/with space/f.db", "/mnt/with space", True),
    ("/mnt/remote/f.db", "/mnt/remote", True),
    ("/mnt/bucket/f.db", "/mnt/bucket", True),
    ("/mnt/ntfs/f.db", "/mnt/ntfs", False),
    ("/twice/f.db", "/twice", True),
)


@pytest.mark.parametrize(("path", "point", "network"), PATHS, ids=[path for path, *_ in PATHS])
def test_the_deepest_mount_is_that_of_a_file(path: str, point: str, network: bool) -> None:
    mount = mount_of(path, MOUNTS)
    assert mount is not None
    assert (mount.point, is_network(mount)) == (point, network)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says it in a file")
def test_the_system_names_the_mount_of_any_path() -> None:
    assert mount_of("/proc/self/status") == Mount("/proc", "proc")


def test_where_the_system_does_not_say_nothing_is_known() -> None:
    assert mount_of("/x", "") is None
    assert not is_network(None)
    assert temporary_disk(None, {"DYNO": "web.1"}) is None


PLATFORMS: tuple[tuple[dict[str, str], str | None], ...] = (
    ({"DYNO": "web.1"}, "Heroku empties"),
    ({"K_SERVICE": "app"}, "Cloud Run empties"),
    ({"RENDER": "true"}, "Render empties"),
    ({"FLY_APP_NAME": "app"}, "Fly empties"),
    ({"RENDER": ""}, None),
    ({}, None),
)


@pytest.mark.parametrize(("environ", "does"), PLATFORMS, ids=str)
def test_a_disk_that_goes_with_the_deploy_is_known_by_platform_and_mount(
    environ: dict[str, str], does: str | None
) -> None:
    found = temporary_disk(mount_of("/app/f.db", MOUNTS), environ)
    assert found is None if does is None else found is not None and found.startswith(does)
    assert temporary_disk(mount_of("/data/f.db", MOUNTS), environ) is None
