package config

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ReleaseNotes says where release notes are read, beside public projects of the configured GitLab.
type ReleaseNotes struct {
	Projects []string // paths of projects and groups of the configured GitLab
	Hosts    []string // in small letters
}

const schemaHosts = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"}}`

var publicHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)

func (r *reader) releaseNotes(n *yaml.Node, at string, out *ReleaseNotes) {
	r.mapping(n, at, []field{
		{
			key: "projects",
			says: says{"list of texts", "", schemaGroups,
				"Projects and groups of the configured GitLab by their paths, whose release notes may be quoted although not everybody may read them"},
			read: func(n *yaml.Node, at string) {
				out.Projects = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !groupPath.MatchString(text) {
						r.fail(n, at, "%q is not a path of a project or group: write it as in its address, group or group/project", text)
					}
				})
			},
		},
		{
			key: "hosts",
			says: says{"list of texts", "", schemaHosts,
				"Other hosts that are asked for release notes, without any token: `github.com`, and hosts of GitLabs such as `gitlab.com`"},
			read: func(n *yaml.Node, at string) {
				for _, host := range r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !publicHost.MatchString(text) {
						r.fail(n, at, "%q is not a host: write its name alone, such as github.com", text)
					}
				}) {
					out.Hosts = append(out.Hosts, strings.ToLower(host))
				}
			},
		},
	})
}
