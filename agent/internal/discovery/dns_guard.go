package discovery

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"heartsay/agent/internal/ratelimit"
)

// A query by UDP may come in anybody's name. So an address is sent three times as much as came in its name at most, until
// it has proven that it is where the query came from: by a query over TCP, or by a cookie that it was sent before
// [RFC 7873]. What is longer is replaced by an empty answer that says: ask by TCP. The same goes to an address that asks too
// fast. Loopback has proven itself: nobody outside can send in its name.

const (
	dnsGain    = 3                // bytes to an unproven address for each that came
	dnsRate    = 100              // queries a second of one address by UDP without a cookie
	dnsAtOnce  = 2 * dnsRate      // of them at once
	dnsSources = 4096             // addresses that are told apart
	dnsProven  = 10 * time.Minute // that an address has proven itself by TCP
	dnsCookie  = time.Hour        // that a cookie is good for
)

// dnsTrust is what an answer by UDP may be.
type dnsTrust int

const (
	dnsAnything dnsTrust = iota
	dnsThrice            // at most dnsGain times the query
	dnsNothing           // empty: its address asks too fast
)

// dnsGuard judges queries by UDP. It is safe for concurrent use.
type dnsGuard struct {
	secret          [32]byte
	rate, cut, busy atomic.Uint64 // see [DNS.Refused]

	mu      sync.Mutex
	buckets *ratelimit.Buckets[netip.Addr]
	proven  map[netip.Addr]time.Time // by TCP, and when
}

func newDNSGuard() *dnsGuard {
	g := &dnsGuard{buckets: ratelimit.NewBuckets[netip.Addr](dnsRate, dnsAtOnce, dnsSources), proven: map[netip.Addr]time.Time{}}
	_, _ = rand.Read(g.secret[:]) // never fails
	return g
}

// judge returns what may be answered to a query that came by UDP.
func (g *dnsGuard) judge(from netip.Addr, cookie []byte, now time.Time) dnsTrust {
	if from.IsLoopback() || g.made(cookie, from, now) {
		return dnsAnything
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.buckets.Of(ratelimit.Source(from), now).Take(now) {
		g.rate.Add(1)
		return dnsNothing
	}
	if at, ok := g.proven[from]; ok && now.Sub(at) < dnsProven {
		return dnsAnything
	}
	return dnsThrice
}

// prove notes that an address has asked by TCP.
func (g *dnsGuard) prove(from netip.Addr, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for other, at := range g.proven {
		if len(g.proven) < dnsSources && now.Sub(at) < dnsProven {
			break
		}
		delete(g.proven, other)
	}
	g.proven[from] = now
}

// bound makes m, the answer to a query of an unproven address, short enough. The records that only save a question go
// first.
func (g *dnsGuard) bound(m, query *dns.Msg) {
	most := dnsGain * query.Len()
	m.Compress = true
	if m.Len() <= most {
		return
	}
	opt := m.IsEdns0()
	if m.Extra = nil; opt != nil {
		m.Extra = []dns.RR{opt}
	}
	if m.Len() > most {
		g.cut.Add(1)
		emptied(m)
	}
}

// emptied makes m say only: ask by TCP.
func emptied(m *dns.Msg) {
	m.Answer, m.Ns, m.Truncated = nil, nil, true
}

const (
	clientCookie = 8  // bytes that the client chose
	serverCookie = 16 // bytes of ours: a version, 3 of 0, the time, and 8 that only this agent can make [RFC 9018, 4]
)

// cookieOf returns the cookie of a query, of the client and maybe of a server; nil when it has none.
func cookieOf(query *dns.Msg) []byte {
	opt := query.IsEdns0()
	if opt == nil {
		return nil
	}
	for _, o := range opt.Option {
		if c, ok := o.(*dns.EDNS0_COOKIE); ok {
			if b, err := hex.DecodeString(c.Cookie); err == nil && len(b) >= clientCookie {
				return b
			}
		}
	}
	return nil
}

// cookie returns the cookie of a client and ours for it, at an address from now on.
func (g *dnsGuard) cookie(client []byte, from netip.Addr, now time.Time) []byte {
	b := append([]byte(nil), client[:clientCookie]...)
	b = append(b, 1, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(now.Unix()))
	sum := hmac.New(sha256.New, g.secret[:])
	sum.Write(b)
	sum.Write(from.AsSlice())
	return sum.Sum(b)[:clientCookie+serverCookie]
}

// made reports whether a cookie is one that this guard made for an address not long ago.
func (g *dnsGuard) made(cookie []byte, from netip.Addr, now time.Time) bool {
	if len(cookie) != clientCookie+serverCookie {
		return false
	}
	at := time.Unix(int64(binary.BigEndian.Uint32(cookie[clientCookie+4:])), 0)
	if age := now.Sub(at); age < -time.Second || age > dnsCookie {
		return false
	}
	return hmac.Equal(cookie, g.cookie(cookie, from, at))
}

// addCookie puts our cookie into an answer to a client that has one of its own. The answer has EDNS.
func (g *dnsGuard) addCookie(m *dns.Msg, client []byte, from netip.Addr, now time.Time) {
	opt := m.IsEdns0()
	opt.Option = append(opt.Option, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE,
		Cookie: hex.EncodeToString(g.cookie(client, from, now))})
}
