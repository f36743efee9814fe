package localapi

import (
	"bytes"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestHostile18WrongTokensWaitBehindEachOtherAndAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		wrong := newWrongTokens(hclog.New(&hclog.LoggerOptions{Output: &out}))
		began := time.Now()
		var all sync.WaitGroup
		waits := make([]time.Duration, 400)
		for i := range waits {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 250 * time.Microsecond) // all within 0.1 s
				asked := time.Now()
				wrong.hold(httptest.NewRequestWithContext(t.Context(), "GET", "/v1/self", nil))
				waits[i] = time.Since(asked)
			})
		}
		all.Wait()
		if waits[0] != 0 || waits[10] < 5*time.Second || waits[399] != wrongWait {
			t.Errorf("of 400 wrong tokens the first, the 11th and the last waited %s, %s and %s", waits[0], waits[10], waits[399])
		}
		if took := time.Since(began); took < wrongWait {
			t.Errorf("400 wrong tokens were answered within %s", took)
		}
		other := netip.MustParseAddr("10.0.0.9")
		if got := wrong.wait(other, time.Now()); got != 0 {
			t.Errorf("another source waits %s", got)
		}
		time.Sleep(time.Minute)
		wrong.close()
		if lines := strings.Count(out.String(), "\n"); lines != 2 || !strings.Contains(out.String(), "count=399") {
			t.Errorf("the log says:\n%swant one line at once and one for the other 399", out.String())
		}
	})
}

func TestWrongTokensOfManySourcesAreBounded(t *testing.T) {
	wrong := newWrongTokens(hclog.NewNullLogger())
	now := time.Now()
	for i := range 3 * wrongSources {
		wrong.wait(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), now)
	}
	if len(wrong.paid) > wrongSources {
		t.Errorf("%d sources are remembered, want %d at most", len(wrong.paid), wrongSources)
	}
}
