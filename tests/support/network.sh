# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts of one machine, to source inside network and mount namespaces of one's own: a bridge, and network
# namespaces that are joined to it.

# network_bridge ADDRESS/BITS: the bridge, and this process's address on it.
network_bridge() {
    ip link set lo up && ip link add bridge type bridge && ip address add "$1" dev bridge &&
        ip link set bridge up
}

# network_host FILE NUMBER ADDRESS/BITS: a host, which nsenter --net=FILE enters. Its side of the cable is
# eth0, the bridge's is portNUMBER.
network_host() {
    touch "$1" && unshare --net="$1" ip link set lo up &&
        ip link add "port$2" type veth peer name eth0 netns "$1" && ip link set "port$2" master bridge up &&
        nsenter --net="$1" ip address add "$3" dev eth0 && nsenter --net="$1" ip link set eth0 up
}
