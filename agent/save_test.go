package agent

import (
	"os"
	"testing"
	"time"
)

func TestStateThatCouldNotBeWrittenIsWrittenWhenTheDiskHasRoomAgain(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		time.Sleep(time.Minute)
		file := c.agents["a"].state
		if err := os.Remove(file.Path()); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(file.Path(), 0o700); err != nil { // a file cannot take the place of a folder
			t.Fatal(err)
		}
		c.start("b", 2, at(1).String())
		time.Sleep(5 * time.Minute)
		if got := c.counter("a", "state_write_failed"); got < 5 || got > 15 {
			t.Errorf("in 5 minutes of a full disk %d attempts were counted, want one each %s", got, saveAgain)
		}
		if err := os.Remove(file.Path()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // in which nothing happens that would be saved
		saved, _, err := file.Load()
		if err != nil || len(saved.Members) != 1 {
			t.Errorf("a minute after the disk had room the state is %+v, %v: want it to know b", saved, err)
		}
	})
}
