package agent

import (
	"os"

	"heartsay/agent/internal/localapi"
	"heartsay/agent/internal/safefile"
)

// UntrustedError says by what somebody else than this user and root could change a file or put another in its place, and
// what to do about that.
type UntrustedError = safefile.UntrustedError

// OpenTrusted opens a file, or a pipe, that says what an agent is to do. The error is an [*UntrustedError] when others have
// a say in it.
func OpenTrusted(path string) (*os.File, error) { return safefile.Open(path) }

// CheckFolder returns an error when somebody else than this user and root could change or replace what is in a folder.
func CheckFolder(path string) error { return safefile.CheckFolder(path) }

// ReadToken returns the token of the API over TCP in the file at path: its content without the white space around it.
// The error says what is wrong with the file, which must be one that only this user can read.
func ReadToken(path string) (string, error) { return localapi.ReadToken(path) }

// CheckSocket returns why no agent of this user could serve its API at path now, or nil. A missing folder is made;
// otherwise nothing stays behind.
func CheckSocket(path string) error {
	l, err := localapi.ListenSocket(path)
	if err != nil {
		return err
	}
	return l.Close()
}
