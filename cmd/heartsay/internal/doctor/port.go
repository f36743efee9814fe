package doctor

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// holders returns, for people, which processes hold the ports of an address, as far as Linux tells this user; or "".
func holders(at netip.AddrPort) string {
	inodes := map[string]string{} // of sockets, with their protocol
	for _, name := range []string{"udp", "udp6", "tcp", "tcp6"} {
		for _, inode := range socketsAt("/proc/net/"+name, at.Port()) {
			inodes["socket:["+inode+"]"] = strings.ToUpper(name[:3])
		}
	}
	if len(inodes) == 0 {
		return ""
	}
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		target, err := os.Readlink(link)
		if protocol := inodes[target]; err == nil && protocol != "" {
			pid := strings.Split(link, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			found = append(found, fmt.Sprintf("%s by %s, pid %s", protocol, strings.TrimSpace(string(name)), pid))
		}
	}
	if len(found) == 0 {
		return "; by whom, root is told"
	}
	slices.Sort(found)
	return "; it is held: " + strings.Join(slices.Compact(found), ", ")
}

// listening is the state of a TCP socket that listens, in /proc/net/tcp [proc_net(5)]. UDP sockets are in no state
// that would tell.
const listening = "0A"

// socketsAt returns the inodes of the sockets in a table of /proc/net that wait at a port, of whatever address.
func socketsAt(table string, port uint16) (inodes []string) {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || !strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
			continue
		}
		if strings.Contains(table, "tcp") && fields[3] != listening {
			continue
		}
		inodes = append(inodes, fields[9])
	}
	return inodes
}
