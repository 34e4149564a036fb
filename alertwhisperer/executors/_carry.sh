# What runs on a target, always the same text: it takes an envelope from standard input, and nothing else from anywhere.
#
# The text stands in $b (see _carry.py), so that it can start itself again: what the connection sees (its first argument
# is the shape of the answer: `frames` or `plain`), and the `keeper`, which runs the script apart from it, so that the
# script and the record of its end outlive the connection.
#
# Standard input has two lines in base64: the folder where records are kept (`-`: the usual one), and the envelope. That
# is gzip of: lines of words (mode, act, at, timeout, most, part NAME BYTES), an empty line, and then the bytes of the
# parts one after another.
#
# The record of an act is a folder `acts/ID/TURN`. Making it is atomic, so of many arrivals one runs. What is in it:
#   begun/    whoever makes it decides: the keeper that it runs, a `find` or a `cancel` that it does not
#   sealed    link: when a `find` was asked that decided so. What was sent before then never runs; what is sent later
#             means it, and gets the next turn
#   by        link: the keeper's process and the machine's start
#   end       link: how it ended; a link, since that needs no free block on a disk that is full
#   work      link: the private folder with script, output and exit code
# Frames on standard output: `alertwhisperer 1` first, `o BYTES` and `e BYTES` with that much output after the line, `x ENDING CODE FROM TO` last.
# shellcheck disable=SC2154  # $b is this text
set -u
mask=$(umask)
umask 077
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH

now() { date +%s; }
up() { if read -r seconds _ 2>/dev/null </proc/uptime; then echo "${seconds%%.*}"; else now; fi; }
boot() { if read -r id 2>/dev/null </proc/sys/kernel/random/boot_id; then echo "$id"; else echo none; fi; }
# A look ten times a second at first, then twice: a machine in trouble should not be kept busy by us.
rest() {
    ticks=$((ticks + 1))
    pause=0.5
    [ $ticks -lt 30 ] && pause=0.1
    sleep $pause 2>/dev/null || sleep 1
}
ended() { [ -L "$record/end" ]; }
end() { ln -s "x $1 $2 $3 $(now)" "$record/end" 2>/dev/null; }
bytes() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# Nothing ran and nothing will: what is said goes to a person.
refuse() {
    [ -n "${work:-}" ] && rm -rf "$work"
    [ "$shape" = plain ] || echo "n $*"
    echo "alertwhisperer: not started: $*" >&2
    exit 120
}

# The next part of the envelope, $1 bytes.
part() {
    tail -c "+$((offset + 1))" "$work/envelope" | head -c "$1"
    offset=$((offset + $1))
}

open_envelope() {
    base64 -d 2>/dev/null | gzip -dc 2>/dev/null >"$work/envelope" || return 1
    offset=0
    mode='' act='' at=0
    while read -r word value more; do
        offset=$((offset + ${#word} + 1))
        [ -n "$value" ] && offset=$((offset + ${#value} + 1))
        [ -n "$more" ] && offset=$((offset + ${#more} + 1))
        case $word in
        '') break ;;
        mode) mode=$value ;;
        act) act=$value ;;
        at) at=$value ;;
        timeout) limit=$value ;;
        most) most=$value ;;
        part) printf '%s %s\n' "$value" "$more" >>"$work/parts" ;;
        esac
    done <"$work/envelope"
    case $act in *[!0-9a-f-]* | '') return 1 ;; esac
    [ -n "$mode" ]
}

# Kilobytes that are free where $1 lies.
free() { df -Pk "$1" 2>/dev/null | { read -r _ && read -r _ _ _ kilobytes _ && echo "$kilobytes"; }; }

# A private folder for the envelope, the script and its output: a full disk is a fault that scripts are sent to mend.
make_work() {
    for least in 32768 0; do
        for place in "$home" /dev/shm /run /tmp; do
            mkdir -p "$place" 2>/dev/null && [ "$(free "$place")" -ge $least ] 2>/dev/null || continue
            work=$(mktemp -d "$place/work.XXXXXXXX" 2>/dev/null) && return
        done
    done
    refuse 'no folder can be written to: free some space or inodes'
}

alive() {
    [ -L "$record/by" ] || return 1
    by=$(readlink "$record/by")
    [ "${by#* }" = "$(boot)" ] && kill -0 "${by%% *}" 2>/dev/null
}

# Standard input into file $1, as it comes. What is beyond the most is read and dropped: a script must not die of being
# talkative. The limit is of this process alone; `head` would keep everything back until its end.
keep() {
    (trap '' XFSZ && ulimit -f $(((most + 511) / 512)) && exec cat >"$1") 2>/dev/null
    cat >/dev/null
    : >"$1.done"
}

# Unpacks the parts, then runs the script in a session of its own; ends it at its time, or when asked.
keeper() {
    ticks=0
    ln -s "$$ $(boot)" "$record/by" 2>/dev/null
    whole=yes
    mkfifo "$work/out.pipe" "$work/err.pipe" 2>/dev/null || whole=no
    while read -r name size; do
        case $name in
        script | snapshot)
            part "$size" >"$work/$name" 2>/dev/null
            [ "$(bytes "$work/$name")" = "$size" ] || whole=no # the disk is full
            [ "$name" = snapshot ] && export AW_SNAPSHOT="$work/snapshot"
            ;;
        AW_[A-Z0-9_]*)
            # The x keeps a newline at the end, which $(…) would drop.
            text=$(part "$size" && echo x)
            offset=$((offset + size)) # part counted in a process of its own
            export "$name=${text%x}"
            ;;
        esac
    done <"$work/parts"
    rm -f "$work/envelope" "$work/parts"
    if ! mkdir "$record/begun" 2>/dev/null; then return; fi
    if [ $whole = no ]; then end not_started 0 0 && return; fi
    from=$(now)
    keep "$work/out" <"$work/out.pipe" &
    keep "$work/err" <"$work/err.pipe" &
    {
        cd / || exit 1
        umask "$mask" # what the script makes is not ours to hide
        # shellcheck disable=SC2016  # the inner shell's own $$ and $1
        setsid /bin/sh -c 'ln -s "$$" "$1/session"; exec /bin/sh "$1/script"' sh "$work"
        ln -s "$?" "$work/code"
    } </dev/null >"$work/out.pipe" 2>"$work/err.pipe" &
    until=$(($(up) + limit)) why='' asked=''
    while [ ! -L "$work/code" ]; do
        rest
        if [ -z "$why" ]; then
            [ "$(up)" -ge $until ] && why=timed_out
            [ -d "$record/cancel" ] && why=cancelled
            # A vendor's agent cancels by ending the process that it started.
            [ "$shape" = plain ] && ! kill -0 "$front" 2>/dev/null && why=cancelled
        elif session=$(readlink "$work/session"); then
            if [ -z "$asked" ]; then
                kill -s TERM -- "-$session" 2>/dev/null
                asked=$(up)
            elif [ "$(up)" -ge $((asked + 5)) ]; then
                kill -s KILL -- "-$session" 2>/dev/null
            fi
        fi
    done
    code=$(readlink "$work/code")
    # A service that the script started may keep its output open for ever; nobody waits for that.
    rounds=0
    while [ $rounds -lt 20 ] && ! { [ -e "$work/out.done" ] && [ -e "$work/err.done" ]; }; do
        rest
        rounds=$((rounds + 1))
    done
    rm -f "$work/script" "$work/snapshot"
    if [ -n "$why" ]; then end "$why" "$code" "$from"; elif [ "$code" = 0 ]; then end succeeded 0 "$from"; else end failed "$code" "$from"; fi
    find "$home/acts" -mindepth 1 -maxdepth 1 -mtime +30 2>/dev/null | while read -r old; do
        for kept in "$old"/*/work; do
            case $(readlink "$kept") in */work.????????) rm -rf "$(readlink "$kept")" ;; esac
        done
        rm -rf "$old"
    done
}

# What was written since the last look: $1 letter, $2 file, $3 bytes seen; answers bytes seen in $seen.
tell() {
    have=$(bytes "$2")
    seen=$3
    [ "$have" -gt "$seen" ] || return 0
    count=$((have - seen))
    if [ "$shape" = plain ]; then
        if [ "$1" = o ]; then tail -c "+$((seen + 1))" "$2" | head -c "$count"; else tail -c "+$((seen + 1))" "$2" | head -c "$count" >&2; fi
    else
        echo "$1 $count"
        tail -c "+$((seen + 1))" "$2" | head -c "$count"
    fi
    seen=$have
}

# How the act ended, in $said, when that is known by now.
look() {
    if ended; then said=$(readlink "$record/end") && return; fi
    if [ -L "$record/by" ]; then
        alive && return
        rest # it may have written its end between our two looks
        if ended; then said=$(readlink "$record/end"); else said='x uncertain 0 0 0'; fi
    elif [ $ticks -gt 40 ]; then
        # Its keeper never came; or somebody decided that it does not begin, and died before saying so.
        if mkdir "$record/begun" 2>/dev/null || [ ! -L "$record/by" ]; then end not_started 0 0; fi
    fi
}

# Tells the output of the act, as it comes, and then its end.
relay() {
    out=0 err=0 ticks=0 said=''
    while :; do
        look
        if kept=$(readlink "$record/work"); then
            tell o "$kept/out" "$out" && out=$seen
            tell e "$kept/err" "$err" && err=$seen
        fi
        [ -n "$said" ] && break
        rest
    done
    if [ "$shape" != plain ]; then
        echo "$said"
        return
    fi
    # shellcheck disable=SC2086  # words
    set -- $said
    case $2 in
    succeeded | failed) exit "$3" ;;
    *) echo "alertwhisperer: $act $2" >&2 && exit 121 ;;
    esac
}

# The record that what was sent at $at is about: the first that was not sealed after it was sent.
turn_of_it() {
    turn=0
    mkdir -p "$home/acts/$act" 2>/dev/null
    while sealed=$(readlink "$home/acts/$act/$turn/sealed") && [ "$sealed" -lt "$at" ]; do turn=$((turn + 1)); done
    record="$home/acts/$act/$turn"
}

front() {
    # What a login shell says of its own stands before this line.
    [ "$shape" = plain ] || echo 'alertwhisperer 1'
    for tool in base64 cat date df find gzip head id ln mkdir mkfifo mktemp readlink rm setsid sleep tail tr wc; do
        command -v $tool >/dev/null 2>&1 || refuse "$tool is missing on the target: install it"
    done
    if [ "$(id -u)" = 0 ]; then home=/var/lib/alertwhisperer; else home=${HOME:-/tmp}/.alertwhisperer; fi
    read -r folder
    [ "$folder" = - ] || home=$(echo "$folder" | base64 -d) || refuse 'what came is not whole'
    make_work
    open_envelope || refuse "what came is not whole, or ${work%/*} has no room for it"
    mkdir -p "$home/acts" 2>/dev/null || refuse "$home cannot be made: look at its owner and its disk"
    case $mode in
    check)
        rm -rf "$work"
        if tried=$(mktemp -d "$home/acts/try.XXXXXXXX" 2>/dev/null) && rmdir "$tried"; then echo 'x succeeded 0 0 0'; else refuse "nothing can be made in $home/acts"; fi
        return
        ;;
    run)
        turn_of_it
        if mkdir "$record" 2>/dev/null; then
            ln -s "$work" "$record/work" || refuse "nothing can be kept in $record"
            setsid /bin/sh -c "$b" alertwhisperer keeper "$record" "$work" "$limit" "$most" "$shape" $$ "$offset" "$home" "$mask" </dev/null >/dev/null 2>&1 &
        else
            [ -d "$record" ] || refuse "no record can be made in $home/acts: free some space or inodes"
            rm -rf "$work"
        fi
        ;;
    find)
        rm -rf "$work"
        turn_of_it
        # Neither a late arrival nor a keeper that has not come so far may begin it after we said that it did not.
        if mkdir "$record" 2>/dev/null || { [ -d "$record" ] && ! alive; }; then
            if mkdir "$record/begun" 2>/dev/null; then ln -s "$at" "$record/sealed" && end not_started 0 0; fi
        fi
        ;;
    cancel)
        rm -rf "$work"
        turn_of_it
        mkdir "$record" 2>/dev/null
        mkdir "$record/cancel" 2>/dev/null
        if mkdir "$record/begun" 2>/dev/null; then end cancelled 0 0; fi
        echo 'x succeeded 0 0 0'
        return
        ;;
    *) refuse 'the envelope is of a newer version' ;;
    esac
    relay
}

case $1 in
keeper)
    record=$2 work=$3 limit=$4 most=$5 shape=$6 front=$7 offset=$8 home=$9 mask=${10}
    keeper
    ;;
*)
    shape=$1
    front
    ;;
esac
