#!/bin/sh
# A container by our own means, entered by: unshare --user --map-root-user --mount --pid --fork sh container.sh STATE NAMESPACES COMMAND...
# A root of its own with the machine's programs, the state folder and the command's folder; NAMESPACES is how many user namespaces may be
# made inside ("" leaves the limit).
set -e
state=$1
namespaces=$2
shift 2
root=$(mktemp -d)
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
for folder in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then cp -P "/$folder" "$root/$folder"
  elif [ -d "/$folder" ]; then mkdir "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; fi
done
mkdir "$root/etc" "$root/dev" "$root/proc" "$root/tmp" "$root/old"
cp /etc/passwd /etc/group /etc/ld.so.cache "$root/etc/"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc proc "$root/proc"
chmod 1777 "$root/tmp"
for path in "$state" "$(dirname "$1")"; do
  mkdir -p "$root$path"
  mount --rbind "$path" "$root$path"
done
[ -z "$namespaces" ] || echo "$namespaces" > /proc/sys/user/max_user_namespaces
cd "$root"
pivot_root . old
umount -l /old
cd /
exec "$@"
