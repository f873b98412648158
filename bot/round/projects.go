package round

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Projects lists the projects whose merge requests have the bot, in the order of the configuration.
func Projects(s config.Software) []Project {
	var out []Project
	all := members(s)
	for _, p := range s.Bot.Projects {
		at := slices.IndexFunc(all, func(m bot.Member) bool { return m.Path == pathOf(s, p.Name) })
		out = append(out, Project{Member: all[at], Policy: policyOf(s, p, all)})
	}
	return out
}

func pathOf(s config.Software, name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return s.Namespace + "/" + name
}

// members are the projects of the set, each once.
func members(s config.Software) []bot.Member {
	var out []bot.Member
	for _, entry := range slices.Concat(s.Packages, s.Data) {
		name, _, _ := strings.Cut(entry, "@")
		m := bot.Member{Path: pathOf(s, name)}
		m.Name = m.Path[strings.LastIndexByte(m.Path, '/')+1:]
		m.Override = pep508.VariableName(m.Name) + "_pip_url"
		for _, p := range s.Bot.Projects {
			if p.Override != "" && pathOf(s, p.Name) == m.Path {
				m.Override = p.Override
			}
		}
		if !slices.ContainsFunc(out, func(o bot.Member) bool { return o.Path == m.Path }) {
			out = append(out, m)
		}
	}
	return out
}

func policyOf(s config.Software, p config.BotProject, all []bot.Member) bot.Policy {
	b := s.Bot
	out := bot.Policy{
		Role: b.Role, ForkRole: b.ForkRole, AtOnce: b.AtOnce, PerPerson: b.PerPerson, Marks: b.Marks, Allow: b.Allow,
		Welcome: b.Welcome, Default: p.Default, Members: all,
	}
	if p.Welcome != "" {
		out.Welcome = p.Welcome
	}
	for _, one := range b.Pipelines {
		if p.Pipelines == nil || slices.Contains(p.Pipelines, one.Name) {
			out.Pipelines = append(out.Pipelines, bot.Pipeline{Name: one.Name, Description: one.Description, Spec: one.Pipeline, Inputs: one.Inputs})
		}
	}
	out.Default = slices.DeleteFunc(slices.Clone(out.Default), func(name string) bool {
		return !slices.ContainsFunc(out.Pipelines, func(o bot.Pipeline) bool { return o.Name == name })
	})
	return out
}
