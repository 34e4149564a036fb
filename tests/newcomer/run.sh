#!/usr/bin/env bash
# The first hour of a newcomer: a bare Debian with python3, venv, make and git, an ordinary user, a fresh clone; then
# `make run`, the demo and `make test`, each timed. Needs root, debootstrap and a network.
#
#   tests/newcomer/run.sh [CHECKOUT]          KEEP=1 leaves the folder behind
#
# Everything happens in namespaces of its own: their end unmounts what was mounted and ends what still runs.
set -euo pipefail

say() { printf '── newcomer: %s\n' "$*"; }
die() { printf '── newcomer: %s\n' "$*" >&2; exit 1; }

# ------------------------------------------------------------------------------------------------------------- outside

make_root() { # a bare Debian in $root, by the mirror that this machine's apt knows
    local mirror proxy=
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m1 '/debian/*$' || true)
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    http_proxy=${http_proxy:-$proxy} debootstrap --variant=minbase \
        --include=python3,python3-venv,make,git,ca-certificates bookworm "$root" ${mirror:+"$mirror"} \
        >"$place/debootstrap.log" 2>&1 || { tail -n 20 "$place/debootstrap.log" >&2; die "debootstrap failed"; }
}

pip_environment() { # what steers pip and TLS here, as the environment says it
    env | grep -E '^(PIP_[A-Z_]+|[a-zA-Z]+_proxy|[A-Z]+_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE)=' || true
}

pip_files() {
    local file
    for file in /etc/pip.conf /etc/xdg/pip/pip.conf "${HOME:-/root}/.config/pip/pip.conf" "${HOME:-/root}/.pip/pip.conf" \
        "${PIP_CONFIG_FILE:-}"; do
        if [ -f "$file" ]; then echo "$file"; fi
    done
}

lend() { # a file is copied into the root, a folder is mounted there, read-only; both under their own path
    local path=$1
    [ -e "$path" ] && [ ! -e "$root$path" ] || [ -f "$path" ] || return 0
    if [ -d "$path" ]; then
        mkdir -p "$root$path"
        mount --bind "$path" "$root$path"
        mount -o remount,bind,ro "$root$path"
    else
        mkdir -p "$root$(dirname "$path")"
        cp --dereference "$path" "$root$path"
    fi
}

lend_pip() { # the same indexes, certificates and folders as this machine's pip; nothing of it is written down here
    local file path files
    mapfile -t files < <(pip_files)
    for file in "${files[@]}"; do
        mkdir -p "$root/etc/newcomer"
        cat "$file" >>"$root/etc/newcomer/pip.conf"
        echo >>"$root/etc/newcomer/pip.conf"
    done
    python3 - "$root/etc/newcomer/pip.conf" <<'PYTHON'
# Later files win in pip; read as one, a section may stand once only.
import configparser, pathlib, sys

path = pathlib.Path(sys.argv[1])
if path.exists():
    merged = configparser.RawConfigParser(strict=False)
    merged.read_string(path.read_text())
    with path.open("w") as file:
        merged.write(file)
PYTHON
    while read -r path; do
        lend "$path"
    done < <({ pip_environment; cat "$root/etc/newcomer/pip.conf" 2>/dev/null || true; } |
        grep -oE '(^|[= ]|file://)/[^ ,]+' | sed -E 's#^(file://|[= ])##' | sed 's#/simple/*$##' | sort -u)
    lend /etc/resolv.conf
    lend /etc/ssl/certs/ca-certificates.crt
}

make_devices() {
    mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
    local device
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    mkdir "$root/dev/shm"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t proc proc "$root/proc"
}

as_newcomer() { # a command line, in the clone, with a plain environment
    local variables=()
    mapfile -t variables < <(pip_environment)
    [ -e "$root/etc/newcomer/pip.conf" ] && variables+=(PIP_CONFIG_FILE=/etc/newcomer/pip.conf)
    chroot --userspec=newcomer:newcomer "$root" env -i HOME=/home/newcomer USER=newcomer LANG=C.UTF-8 TERM=dumb \
        PATH=/usr/local/bin:/usr/bin:/bin ALERTWHISPERER_PORT="$port" "${variables[@]}" \
        /bin/bash -c 'cd ~/alertwhisperer && exec "$@"' newcomer "$@"
}

# -------------------------------------------------------------------------------------------------------------- inside

is_ready() {
    as_newcomer python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/health/ready', timeout=5)" \
        >/dev/null 2>&1
}

timed() { # NAME COMMAND…: runs it, says how long it took, remembers whether it failed
    local name=$1 started=$SECONDS code=0
    shift
    "$@" || code=$?
    if [ "$code" -eq 0 ]; then
        times+=("$name $((SECONDS - started)) s")
        say "$name: ok in $((SECONDS - started)) s"
    else
        failed+=("$name")
        say "$name: FAILED ($code) after $((SECONDS - started)) s"
    fi
}

start_server() { # `make run` in the background, until it is ready
    set -m # a group of its own, so that Ctrl-C can be sent to it as a terminal does
    as_newcomer make run >"$place/server.log" 2>&1 &
    server=$!
    set +m
    local deadline=$((SECONDS + 600))
    until is_ready; do
        kill -0 "$server" 2>/dev/null || { cat "$place/server.log"; return 1; }
        [ "$SECONDS" -lt "$deadline" ] || { cat "$place/server.log"; return 1; }
        sleep 0.5
    done
    cat "$place/server.log"
}

stop_server() {
    kill -INT -- "-$server" 2>/dev/null || return 1
    local deadline=$((SECONDS + 30))
    while kill -0 "$server" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
    tail -n 1 "$place/server.log"
}

journey() {
    times=() failed=()
    timed "make run until ready" start_server
    if [ ${#failed[@]} -eq 0 ]; then
        timed "alertwhisperer demo" as_newcomer .venv/bin/alertwhisperer demo
        timed "Ctrl-C" stop_server
    fi
    timed "make test" as_newcomer make test
    local IFS=';'
    say "${times[*]}"
    [ ${#failed[@]} -eq 0 ] || die "FAILED: ${failed[*]}"
}

main() {
    place=$1 root=$1/root
    mount --make-rprivate /
    port=8080
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        say "8080 is taken here; the newcomer's server listens on $port"
    fi
    make_devices
    lend_pip
    journey
}

if [ "${1:-}" = --inside ]; then
    main "$2"
    exit
fi

[ "$(id -u)" -eq 0 ] || die "run as root: debootstrap and mounts need it (sudo make newcomer)"
for tool in debootstrap unshare chroot git; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing (Debian: apt install debootstrap util-linux coreutils git)"
done
checkout=$(cd "${1:-.}" && pwd)
place=$(mktemp -d "${TMPDIR:-/tmp}/newcomer.XXXXXX")
root=$place/root
chmod 0755 "$place"
trap '[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$place"' EXIT

say "making a bare Debian in $root"
make_root
chroot "$root" useradd --create-home --shell /bin/bash newcomer
git -c safe.directory="$checkout/.git" clone --quiet --no-local "$checkout" "$root/home/newcomer/alertwhisperer"
chroot "$root" chown -R newcomer:newcomer /home/newcomer
unshare --mount --pid --fork --kill-child -- "$(readlink -f "$0")" --inside "$place"
