package ui

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// pageFiles returns the files of the page by name.
func pageFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := fs.ReadDir(assets, "page")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := assets.ReadFile("page/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]|url\(|@import|data:`)
	for name, text := range pageFiles(t) {
		text = strings.ReplaceAll(text, `"http://www.w3.org/2000/svg"`, "")
		for _, found := range elsewhere.FindAllString(text, -1) {
			t.Errorf("%s has %q: the page is whole in itself", name, found)
		}
	}
}

func TestThePageMakesNoMarkupOfText(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|<script(?: [^>]*)?>[^<]|\son[a-z]+=|\sstyle=|javascript:`)
	unsafe := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|` +
		`createContextualFragment|DOMParser|setHTML|srcdoc|setAttribute\("(?:style|on)`)
	for name, text := range pageFiles(t) {
		rule := unsafe
		if path.Ext(name) == ".html" || path.Ext(name) == ".svg" {
			rule = inline
		}
		for _, found := range rule.FindAllString(text, -1) {
			t.Errorf("%s has %q: text is shown through textContent only, and nothing is inline", name, found)
		}
	}
}

func TestThePageHasAllFilesThatItNamesAndNoOthers(t *testing.T) {
	files := pageFiles(t)
	named := map[string]bool{"index.html": true}
	reference := regexp.MustCompile(`(?:from "\./|href="|src="|fetch\(")([a-z]+\.[a-z]+)"`)
	for name, text := range files {
		for _, found := range reference.FindAllStringSubmatch(text, -1) {
			if named[found[1]] = true; files[found[1]] == "" {
				t.Errorf("%s names %s, which is not there", name, found[1])
			}
		}
	}
	for _, state := range []string{"dead", "suspect", "alive", "unknown"} { // the icon is that of the worst state
		named[state+".svg"] = true
	}
	for name := range files {
		if !named[name] {
			t.Errorf("nothing names %s", name)
		}
		if contentTypes[path.Ext(name)] == "" {
			t.Errorf("%s has no content type", name)
		}
	}
}
