"""Which file system holds a folder, as far as it matters to who hears of changes."""

from pathlib import Path

_FROM_ELSEWHERE = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs", "afs"),
        *("ceph", "lustre", "glusterfs", "9p", "virtiofs", "vboxsf", "prl_fs", "vmhgfs", "drvfs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "fuse.vmhgfs-fuse", "fuse.davfs"),
    )
)
"""File systems that other machines change too, of which this one hears nothing."""


def shared_file_system(root: Path) -> str:
    """The kind of the file system that holds the root, if other machines may change it; else nothing."""
    import psutil

    if str(root).startswith("\\\\"):
        return "a network share"
    holding = [
        partition
        for partition in psutil.disk_partitions(all=True)
        if root.is_relative_to(partition.mountpoint)
    ]
    # Of several that are mounted at one place the last one counts.
    nearest = max(enumerate(holding), key=lambda each: (len(each[1].mountpoint), each[0]), default=None)
    if nearest is None:
        return ""
    kind, options = nearest[1].fstype.lower(), nearest[1].opts.split(",")
    return kind if kind in _FROM_ELSEWHERE else "a network drive" if "remote" in options else ""
