#!/usr/bin/env bash
# Installs the real peers that some tests speak with. Repeatable; starts none of them: each test starts its own.
set -euo pipefail

packages=(
    prometheus prometheus-alertmanager wrk postgresql
    # Zabbix, its front end (whose API the tests speak with; php-cgi spares us a web server) and zabbix_sender.
    zabbix-server-pgsql zabbix-frontend-php php-cgi php-cli php-pgsql zabbix-agent
    # Icinga 2 with the templates that its daemon includes, and Nagios Core: daemons alone, without their pages.
    icinga2-bin icinga2-common nagios4-core
    dovecot-imapd # a mailbox to read
    chromium oathtool # a browser to sign in with, and a standard app's codes
    shellcheck # the prebuilt runbooks are scripts
    openssh-server # a target that scripts are really run on
    # What they are drilled on: services to break and mend in a throwaway root.
    systemd nginx-light apache2 redis-server mariadb-server logrotate nftables iproute2 iputils-ping procps
    docker.io busybox-static curl perl
    jq # what some of the printed scripts make their JSON with
)
uptime_kuma=uptime-kuma@2.0.0-dev.0 # the one version on npm
openid_provider=oidc-provider@8.8.1 # the last that runs on Node 18, which is Debian's

is_installed() { dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

if ! command -v apt-get >/dev/null 2>&1; then
    echo "services: this machine has no apt-get; install by hand: ${packages[*]}, and by npm: $uptime_kuma $openid_provider" >&2
    exit 1
fi

# Where node came from elsewhere, Debian's npm would not go with it.
command -v npm >/dev/null 2>&1 || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "services: run as root, or install sudo" >&2; exit 1; }
    as_root=(sudo)
fi

# apt starts a service on installing it, on ports that the tests use themselves; 101 is Debian's way to forbid that.
policy=/usr/sbin/policy-rc.d
put_policy=
withdraw_policy() { if [ -n "$put_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi; }
trap withdraw_policy EXIT

if [ ${#missing[@]} -gt 0 ]; then
    if [ ! -e "$policy" ]; then
        put_policy=yes
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 0755 "$policy"
    fi
    echo "services: installing ${missing[*]}"
    "${as_root[@]}" apt-get update --quiet=2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
    echo "services: installed ${missing[*]}"
fi

if [ ! -e "$(npm root --global)/uptime-kuma/server/server.js" ]; then
    # Its SQLite is compiled where no binary can be fetched; node's own headers then spare a download.
    headers=
    [ -e /usr/include/node/node.h ] && headers=/usr
    echo "services: installing $uptime_kuma (some minutes)"
    "${as_root[@]}" env ${headers:+npm_config_nodedir=$headers} \
        npm install --global --omit=dev --no-audit --no-fund --loglevel=error "$uptime_kuma" >/dev/null
fi
if [ ! -e "$(npm root --global)/oidc-provider/lib/index.js" ]; then
    echo "services: installing $openid_provider"
    "${as_root[@]}" npm install --global --omit=dev --no-audit --no-fund --loglevel=error "$openid_provider" >/dev/null
fi
echo "services: all installed (${packages[*]} $uptime_kuma $openid_provider)"
