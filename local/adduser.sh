#!/bin/sh
# `adduser` and `addgroup` of the local base image, with the options of Debian and of Alpine, before the name or
# after it. Debian's commands need Perl, Alpine's are BusyBox.
set -eu

called=$(basename "$0")
id='' group='' home='' shell='' system='' own='' names=''
while [ $# -gt 0 ]; do
    case "$called $1" in
    *' -S' | *' --system') system=-r ;;
    'adduser -u' | 'adduser --uid' | 'addgroup -g' | 'addgroup --gid') id=$2 && shift ;;
    'adduser -G' | 'adduser --ingroup' | 'adduser --gid') group=$2 && shift ;;
    'adduser --group') own=yes ;;
    'adduser -h' | 'adduser --home') home=$2 && shift ;;
    'adduser -s' | 'adduser --shell') shell=$2 && shift ;;
    'adduser -g' | 'adduser --gecos' | 'adduser --comment') shift ;;
    *' '-*) ;; # passwords and home folders: neither is created by default
    *) names="$names $1" ;;
    esac
    shift
done

set -- $names
if [ $# -eq 2 ]; then
    exec usermod -a -G "$2" "$1"
elif [ "$called" = addgroup ]; then
    exec groupadd $system ${id:+-g "$id"} "$1"
fi
if [ -z "$group" ] && { [ "$own" ] || [ -z "$system" ]; }; then
    groupadd $system ${id:+-g "$id"} "$1"
    group=$1
fi
exec useradd $system ${id:+-u "$id"} -g "${group:-nogroup}" ${home:+-d "$home"} ${shell:+-s "$shell"} -M "$1"
