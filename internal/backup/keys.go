package backup

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"webenablehes/internal/fault"
)

// Recipients reads for whom a backup is: texts as age1….
func Recipients(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range texts {
		some, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(some) != 1 { // the error would quote what may be a secret key
			return nil, fault.New(fault.Invalid, "A recipient looks like age1…, as “webenable backup keygen” prints it. Name no secret key on a command line.")
		}
		out = append(out, some...)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "Say for whom the backup is: --recipient age1…, as “webenable backup keygen” prints it.")
	}
	return out, nil
}

// Identities reads a key file, which nobody but its owner may read.
func Identities(file string) ([]age.Identity, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "The key file cannot be opened")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The key file cannot be read")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "The file %s opens backups and may be read by its owner only: chmod 600 it.", filepath.Base(file))
	}
	out, err := age.ParseIdentities(io.LimitReader(f, 1<<20))
	if err != nil { // which may quote the key
		return nil, fault.New(fault.Invalid, "The file %s holds no key that opens backups: it has a line AGE-SECRET-KEY-…, as “webenable backup keygen” makes it.", filepath.Base(file))
	}
	return out, nil
}

// NewKey makes a key: the text of its file, and its recipient.
func NewKey() (file, recipient string, err error) {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	recipient = k.Recipient().String()
	return "# opens backups that were made with --recipient " + recipient + "\n" + k.String() + "\n", recipient, nil
}
