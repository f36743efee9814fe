package agent

import (
	"fmt"
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

// CheckTokens returns what is wrong with the files of the tokens for the API over TCP, or nil. A path that is "" is of no
// file.
func CheckTokens(full, read string) error {
	_, err := readTokens(full, read)
	return err
}

// readTokens reads the files of the tokens that are given.
func readTokens(full, read string) (tokens localapi.Tokens, err error) {
	for _, file := range []struct {
		path  string
		token *string
	}{{full, &tokens.Full}, {read, &tokens.Read}} {
		if file.path == "" {
			continue
		}
		if *file.token, err = localapi.ReadToken(file.path); err != nil {
			return tokens, err
		}
	}
	if tokens.Full != "" && tokens.Full == tokens.Read {
		return tokens, fmt.Errorf("token files %s and %s hold the same token: who has the second could change everything; "+
			"make another with heartsay keys gen", full, read)
	}
	return tokens, nil
}

// CheckSocket returns why no agent of this user could serve its API at path now, or nil. A missing folder is made;
// otherwise nothing stays behind.
func CheckSocket(path string) error {
	l, err := localapi.ListenSocket(path)
	if err != nil {
		return err
	}
	return l.Close()
}
