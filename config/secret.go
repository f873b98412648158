package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"unicode"

	"gitlab.com/cki-project/pinwheel/plan"
)

const redacted = "[redacted]"

// Secret is a token or a password. No way of printing, logging or encoding it
// shows it, also not as a field of something else; Reveal does. The zero
// Secret is empty.
type Secret struct {
	// A pointer, because fmt prints a private field by its bytes.
	text *string
}

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is nothing to reveal.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// GoString returns a placeholder.
func (s Secret) GoString() string { return redacted }

// Format writes a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON encodes a placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// tokenVariable holds the GitLab token.
const tokenVariable = "PINWHEEL_GITLAB_TOKEN" //nolint:gosec // the name of a variable, which is no secret

// Token reads the GitLab token: from PINWHEEL_GITLAB_TOKEN if env has it, else
// from gitlab.token_file. White space around it is dropped. It fails when
// there is none, and never tells what it read.
func (c *Config) Token(env func(string) string) (Secret, error) {
	if text := env(tokenVariable); text != "" {
		return secret(text, "the environment variable "+tokenVariable)
	}
	if c.GitLab.TokenFile == "" {
		return Secret{}, fmt.Errorf("no GitLab token: set %s or gitlab.token_file in %s", tokenVariable, c.Path)
	}
	return secretFile(c.GitLab.TokenFile, "gitlab.token_file")
}

// mergeVariable holds the token that merges.
const mergeVariable = "PINWHEEL_GITLAB_MERGE_TOKEN"

// MergeToken reads the token that merges: from PINWHEEL_GITLAB_MERGE_TOKEN if env has
// it, else from gitlab.merge_token_file. Without either it is the zero Secret: then the
// first token merges. It never tells what it read.
func (c *Config) MergeToken(env func(string) string) (Secret, error) {
	if text := env(mergeVariable); text != "" {
		return secret(text, "the environment variable "+mergeVariable)
	}
	if c.GitLab.MergeTokenFile == "" {
		return Secret{}, nil
	}
	return secretFile(c.GitLab.MergeTokenFile, "gitlab.merge_token_file")
}

// MergesApart reports whether a token of its own merges.
func (c *Config) MergesApart(env func(string) string) bool {
	return env(mergeVariable) != "" || c.GitLab.MergeTokenFile != ""
}

// HooksVariable is the environment variable with the token that webhooks carry.
const HooksVariable = "PINWHEEL_HOOKS_TOKEN"

// HooksToken reads the token that GitLab's webhooks carry: from PINWHEEL_HOOKS_TOKEN if env
// has it, else from listen.hooks_token_file. It never tells what it read.
func (c *Config) HooksToken(env func(string) string) (Secret, error) {
	if text := env(HooksVariable); text != "" {
		return secret(text, "the environment variable "+HooksVariable)
	}
	if c.Listen.HooksTokenFile == "" {
		return Secret{}, fmt.Errorf("listen.hooks needs a token that webhooks carry: set %s or listen.hooks_token_file", HooksVariable)
	}
	return secretFile(c.Listen.HooksTokenFile, "listen.hooks_token_file")
}

// pageVariable holds the secret of the application that people sign in to.
const pageVariable = "PINWHEEL_PAGE_SECRET"

// PageSecret reads the secret of the application that people sign in to: from
// PINWHEEL_PAGE_SECRET if env has it, else from listen.page_secret_file. It never tells what it read.
func (c *Config) PageSecret(env func(string) string) (Secret, error) {
	if text := env(pageVariable); text != "" {
		return secret(text, "the environment variable "+pageVariable)
	}
	if c.Listen.PageSecretFile == "" {
		return Secret{}, fmt.Errorf("page_access: gitlab needs the secret of the application: set %s or listen.page_secret_file", pageVariable)
	}
	return secretFile(c.Listen.PageSecretFile, "listen.page_secret_file")
}

// storeVariable holds the password of the database.
const storeVariable = "PINWHEEL_STORE_PASSWORD"

// StorePassword reads the password of the database: from PINWHEEL_STORE_PASSWORD if env has it, else
// from store_password_file. Without either it is the zero Secret: then PostgreSQL's own variables
// and files count, or the server wants none. It never tells what it read.
func (c *Config) StorePassword(env func(string) string) (Secret, error) {
	if text := env(storeVariable); text != "" {
		return secret(text, "the environment variable "+storeVariable)
	}
	if c.StorePasswordFile == "" {
		return Secret{}, nil
	}
	return secretFile(c.StorePasswordFile, "store_password_file")
}

// PasswordVariable is the environment variable with the index's password.
func (i Index) PasswordVariable() string {
	return "PINWHEEL_INDEX_" + strings.ToUpper(strings.ReplaceAll(i.Name, "-", "_")) + "_PASSWORD"
}

// Password reads the index's password: from PasswordVariable if env has it,
// else from password_file. An index that needs none has neither and no
// username; one without the other is an error.
func (i Index) Password(env func(string) string) (Secret, error) {
	variable := i.PasswordVariable()
	text := env(variable)
	switch {
	case text == "" && i.PasswordFile == "" && i.Username == "":
		return Secret{}, nil
	case i.Username == "":
		return Secret{}, fmt.Errorf("%s has a password and no username: set its username", plan.SpokenIndex(i.Name))
	case text != "":
		return secret(text, "the environment variable "+variable)
	case i.PasswordFile == "":
		return Secret{}, fmt.Errorf("%s has a username and no password: set %s or its password_file", plan.SpokenIndex(i.Name), variable)
	}
	return secretFile(i.PasswordFile, "password_file of index "+i.Name)
}

func secretFile(path, what string) (Secret, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("%s: %s cannot be read: %s", what, path, cause(err))
	}
	return secret(string(data), what+" "+path)
}

func secret(text, what string) (Secret, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Secret{}, fmt.Errorf("%s is empty: put the secret there, on one line", what)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return Secret{}, fmt.Errorf("%s holds more than one word: put the secret alone there, on one line", what)
	}
	return NewSecret(text), nil
}

// cause is the reason of a file error without the operation and the path.
func cause(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}
	return err.Error()
}
