package eventlog

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"heartsay/api"
)

func TestViewsAreSharedByReadersWhoAreLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := 0
		proceed := make(chan struct{})
		v := NewViews(NewRing(4, "e1"), func(context.Context) (api.Members, error) {
			made++
			<-proceed
			return api.Members{}, nil
		})
		var readers sync.WaitGroup
		for range 1000 {
			readers.Go(func() {
				if _, err := v.Get(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(proceed)
		readers.Wait()
		if made != 1 {
			t.Errorf("%d views were made for readers who asked at once, want 1", made)
		}
		if _, err := v.Get(t.Context()); err != nil || made != 2 {
			t.Errorf("who asks later gets view %d, %v, want a new one", made, err)
		}
	})
}
