package agent

import "heartsay/agent/internal/localapi"

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
