// Package document makes what the bench shows: tables of Markdown, plots in SVG, and the files that hold them. It knows nothing
// of what they show.
package document

import (
	"os"
	"path/filepath"
)

// Write writes files into a folder, which has to be there. It takes texts by file name.
func Write(folder string, texts map[string]string) error {
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
