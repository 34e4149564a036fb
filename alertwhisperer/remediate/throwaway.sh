#!/bin/sh
# Becomes a throwaway machine: namespaces of its own, a root that is laid over another, systemd as its first process.
# Run by throwaway.py inside of fresh namespaces. $1: an empty folder; $2: the root below; the rest: what is hidden.
set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=$1 below=$2
shift 2

# Nothing that is mounted here is seen outside.
mount --make-rprivate /
mount -t tmpfs -o size=1g,mode=0755 throwaway "$folder"
cd "$folder"
mkdir upper work root
mount -t overlay -o "lowerdir=$below,upperdir=$folder/upper,workdir=$folder/work" throwaway root
cd root

mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for place in run tmp var/tmp home root srv mnt media; do
    mkdir -p "$place"
    mount -t tmpfs -o mode=0755 tmpfs "$place"
done
chmod 1777 tmp var/tmp
mkdir -p run/lock

mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# Kernel settings are the real machine's: they can be read here, and not be changed. Those of its network are its own.
for place in sys sys/net sysrq-trigger irq bus; do
    if test -e "proc/$place"; then mount --bind "proc/$place" "proc/$place"; fi
done
for place in sys sysrq-trigger irq bus; do
    if test -e "proc/$place"; then mount -o remount,bind,ro "proc/$place"; fi
done

for hidden in "$@"; do
    place=.$hidden
    if test -d "$place"; then
        mount -t tmpfs -o mode=0700 tmpfs "$place"
    elif test -e "$place"; then
        mount --bind /dev/null "$place"
    fi
done

mkdir -p etc/systemd/system
printf '[Unit]\nDescription=A drill\nAllowIsolate=yes\n' >etc/systemd/system/aw-throwaway.target
rm -f etc/machine-id
echo 0123456789abcdef0123456789abcdef >etc/machine-id
ip link set lo up

mkdir -p mnt/outside
pivot_root . mnt/outside
cd /
umount -l /mnt/outside
init=/usr/lib/systemd/systemd
if ! test -x "$init"; then init=/lib/systemd/systemd; fi
if ! test -x "$init"; then
    echo "there is no systemd in this root" >&2
    exit 1
fi
export container=throwaway
exec "$init" --system --unit=aw-throwaway.target --log-target=null --show-status=no
