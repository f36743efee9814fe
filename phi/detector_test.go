package phi

import (
	"slices"
	"strings"
	"testing"
)

func TestByNameFindsADetectorOrListsThem(t *testing.T) {
	if want := []string{"exponential", "logistic", "measured", "normal"}; !slices.Equal(Names(), want) {
		t.Errorf("the names are %v, want %v", Names(), want)
	}
	for _, name := range Names() {
		f, err := ByName(name)
		if err != nil || f.Name() != name {
			t.Errorf("ByName(%q) gives %v and error %v, want the detector of that name", name, f, err)
		}
	}
	for _, name := range []string{"", "Normal", "gauss"} {
		f, err := ByName(name)
		if f != (Detector{}) || err == nil {
			t.Errorf("ByName(%q) gives %v and error %v, want an error alone", name, f, err)
			continue
		}
		for _, known := range Names() {
			if !strings.Contains(err.Error(), known) {
				t.Errorf("the error %q does not tell the known name %q", err, known)
			}
		}
	}
	Names()[0] = "changed"
	if Names()[0] != "exponential" {
		t.Error("a caller that writes into the slice of Names changes the names for others")
	}
}
