package renovate

// This file has the names of Renovate's keys that do not lead to a key of
// pinwheel's. docs.renovatebot.com/configuration-options lists all.

// old are former names of keys, which Renovate migrates.
var old = map[string]string{
	"stabilityDays": "minimumReleaseAge", "regexManagers": "customManagers", "baseBranches": "baseBranchPatterns", "separateMajorReleases": "separateMajorMinor",
	"separatePatchReleases": "separateMinorPatch", "rebaseStalePrs": "rebaseWhen", "recreateClosed": "recreateWhen", "masterIssueApproval": "dependencyDashboardApproval",
	"masterIssueTitle": "dependencyDashboardTitle", "semanticPrefix": "semanticCommitType", "masterIssue": "dependencyDashboard", "packageNames": "matchPackageNames",
	"packagePatterns": "matchPackagePatterns", "excludePackageName": "excludePackageNames", "updateTypes": "matchUpdateTypes", "managers": "matchManagers",
	"datasources": "matchDatasources", "depTypeList": "matchDepTypes", "paths": "matchFileNames", "baseBranchList": "matchBaseBranches", "languages": "matchCategories",
	"matchLanguages": "matchCategories", "sourceUrlPrefixes": "matchSourceUrls", "matchSourceUrlPrefixes": "matchSourceUrls", "upgradeInRange": "rangeStrategy",
	"pinVersions": "rangeStrategy", "ignoreNpmrcFile": "npmrc", "gitLabAutomerge": "platformAutomerge", "matchPaths": "matchFileNames",
}

// renamed is a member under the present name of its key, with the value that belongs to that name.
func (r *reader) renamed(m member, at place) member {
	to, ok := old[m.name]
	if !ok {
		return m
	}
	switch m.name {
	case "stabilityDays":
		if m.kind == aNumber {
			m.kind, m.text = aText, flow(int(m.number))+" days"
		}
	case "rebaseStalePrs":
		if m.kind == aBoolean {
			m.kind, m.text = aText, map[bool]string{true: "behind-base-branch", false: "conflicted"}[m.yes]
		}
	}
	r.say(at, Kept, "an old name of %s, which is read in its place", to)
	m.name = to
	return m
}

// pipManagers read files of pins.
var pipManagers = map[string]bool{"pip_requirements": true, "pip-compile": true, "python": true}

// managers read other files.
var managers = set("ansible", "ansible-galaxy", "argocd", "asdf", "azure-pipelines", "bazel", "bazel-module", "bitbucket-pipelines", "buildkite", "bun", "bundler", "cargo",
	"circleci", "cloudbuild", "cocoapods", "composer", "conan", "copier", "crossplane", "deps-edn", "devcontainer", "docker", "docker-compose", "dockerfile", "droneci", "fleet",
	"flux", "fvm", "git-submodules", "github-actions", "gitlabci", "gitlabci-include", "gomod", "gradle", "gradle-wrapper", "helm", "helm-values", "helmfile", "helmv3", "homebrew",
	"html", "java", "jenkins", "js", "jsonnet-bundler", "kubernetes", "kustomize", "leiningen", "maven", "meteor", "mint", "mise", "mix", "nix", "nodenv", "npm", "nuget", "nvm",
	"ocb", "osgi", "pep621", "pep723", "php", "pip_setup", "pipenv", "pixi", "poetry", "pre-commit", "pub", "puppet", "pyenv", "renovate-config-presets", "rpm-lockfile", "ruby",
	"ruby-version", "runtime-version", "rust", "sbt", "scalafmt", "setup-cfg", "swift", "tekton", "terraform", "terraform-version", "terragrunt", "terragrunt-version", "tflint-plugin",
	"travis", "uv", "velaci", "vendir", "woodpecker", "golang", "dotnet", "node", "elixir", "circleci-orb")

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// idle are keys without effect on pins or on pinwheel, and why.
var idle = because(map[string][]string{
	"it is for people and editors":       {"$schema", "$comment", "description", "//"},
	"it says which presets are ignored":  {"ignorePresets"},
	"pins have no digests and are exact": {"pin", "pinDigests", "digest", "replacement", "rollback", "bumpVersion", "bumpVersions", "updatePinnedDependencies"},
	"pins have no lock file":             {"lockFileMaintenance", "updateLockFiles", "skipInstalls", "skipArtifactsUpdate", "postUpdateOptions", "updateInternalDeps"},
	"on GitLab Renovate has no such alerts": {
		"vulnerabilityAlerts", "containerVulnerabilityAlerts", "rpmVulnerabilityAlerts",
	},
	"people set the labels of the dashboard and whether it is confidential, and pinwheel leaves both": {"dependencyDashboardLabels", "confidential", "dependencyDashboardCategory"},
	"the dashboard has no such part": {"dependencyDashboardReportAbandonment", "dependencyDashboardOSVVulnerabilitySummary", "dependencyDashboardAutoclose", "customizeDashboard"},
	"it is about Renovate's own installation": {
		"allowCommandTemplating", "allowPostUpgradeCommandTemplating", "allowScripts", "allowedCommands", "allowedPostUpgradeCommands", "autodiscover", "autodiscoverFilter",
		"baseDir", "binarySource", "cacheDir", "checkedBranches", "configErrorIssue", "configMigration", "customEnvVariables", "dryRun", "encrypted", "endpoint", "exposeAllEnv",
		"force", "forkProcessing", "gitTimeout", "gitUrl", "gitNoVerify", "ignorePrAuthor", "inheritConfig", "logLevel", "mode", "onboarding", "onboardingBranch",
		"onboardingCommitMessage", "onboardingConfig", "onboardingConfigFileName", "onboardingPrTitle", "parallelRunPruneStaleBranches", "password", "persistRepoData",
		"platform", "platformCommit", "prCommitsPerRunLimit", "printConfig", "productLinks", "repositories", "repositoryCache", "requireConfig", "secrets", "statusCheckNames",
		"suppressNotifications", "token", "username", "userStrings", "variables",
	},
	"commits are those of the token's user":                                       {"gitAuthor", "gitIgnoredAuthors"},
	"nobody approves or assigns for others":                                       {"autoApprove", "assignAutomerge", "forkModeDisallowMaintainerEdits", "expandCodeOwnersGroups", "filterUnavailableUsers"},
	"branches that are not needed go":                                             {"pruneStaleBranches", "pruneBranchAfterAutomerge", "branchPrefixOld"},
	"pinwheel moves away from what was yanked, and lists how far a pin is behind": {"ignoreDeprecated", "rollbackPrs", "abandonmentThreshold"},
	"an age always holds a release back":                                          {"internalChecksFilter", "internalChecksAsSuccess", "minimumReleaseAgeBehaviour"},
	"what requires a Python that python does not name is held back":               {"constraintsFiltering", "constraintsVersioning"},
	"it is about npm":                                           {"npmrc", "npmrcMerge", "npmToken", "ignoreScripts", "respectLatest", "followTag"},
	"it is about packages of another index":                     {"customDatasources", "registryAliases", "cloneSubmodules"},
	"versions are read from the constraints file and the index": {"matchStrings", "extractVersion", "autoReplaceStringTemplate", "versionCompatibility", "sourceUrl", "sourceDirectory"},
	"texts have no emoji":                                       {"unicodeEmoji"},
})

// changed are keys about pins that pinwheel handles in another way.
var changed = because(map[string][]string{
	"the dashboard has a text of its own": {"dependencyDashboardHeader", "dependencyDashboardFooter"},
	"merge requests have a text of their own": {
		"prBodyColumns", "prBodyDefinitions", "prBodyHeadingDefinitions", "prBodyNotes", "prBodyTemplate", "prHeader", "prFooter", "changelogUrl", "fetchChangeLogs", "fetchReleaseNotes",
	},
	"commits have a text of their own": {"commitBody", "commitBodyTable", "commitTrailers", "commitMessageLowerCase"},
	"GitLab merges by the project's own method, and pinwheel when it has seen the pipeline pass": {"automergeStrategy", "platformAutomerge", "gitLabIgnoreApprovals"},
	"a branch is named after its group or package":                                               {"groupSlug", "branchTopic", "branchName", "additionalBranchPrefix", "branchNameStrict", "hashedBranchLength", "sharedVariableName"},
	"a group of one is a group, too":                                                             {"groupSingleUpdates", "minimumGroupSize"},
	"each major line of a package has one merge request at most":                                 {"separateMinorPatch", "separateMultipleMajor", "separateMultipleMinor"},
	"a merge request opens at once, whatever the pipeline does":                                  {"prCreation", "prNotPendingHours"},
	"what people close stays closed until there is a newer version; the key closed says more":    {"recreateWhen"},
	"pinwheel merges nothing without a pipeline that passed":                                     {"ignoreTests"},
	"all reviewers and assignees are asked":                                                      {"reviewersSampleSize", "assigneesSampleSize", "ignoreReviewers"},
	"a pre-release is offered only to a pin that is one":                                         {"ignoreUnstable"},
	"every newer version is offered, whatever its first number":                                  {"maxMajorIncrement"},
	"merge requests have no milestone":                                                           {"milestone"},
	"the box of a merge request and the labels rebase and stop-updating are there":               {"keepUpdatedLabel"},
})

func because(by map[string][]string) map[string]string {
	out := map[string]string{}
	for why, names := range by {
		for _, n := range names {
			out[n] = why
		}
	}
	return out
}

// beyond are keys about pins without an equal here, and the next step.
var beyond = map[string]string{
	"osvVulnerabilityAlerts":  "pinwheel knows of no vulnerabilities: let a scanner of the project look, and take the key out",
	"hostRules":               "passwords stand in the environment or in a file of the operator's: name the index under indexes of pinwheel.yaml (docs/config.md, Secrets), and take the key out",
	"baseBranchPatterns":      "pinwheel works on the default branch alone: take the key out",
	"assigneesFromCodeOwners": "code_owners asks owners to review and assigns nobody: write reviewersFromCodeOwners, or take the key out",
	"commitMessage":           ownWords, "commitMessageAction": ownWords, "commitMessageTopic": ownWords, "commitMessageExtra": ownWords, "prTitle": ownWords,
	"packageName": otherName, "replacementName": otherName, "replacementVersion": otherName, "overrideDatasource": otherName, "overrideDepName": otherName, "overridePackageName": otherName,
}

const (
	ownWords  = "titles have words of pinwheel's own: write title and commit_title yourself, or take the key out"
	otherName = "a pin has the name that its line has: take the key out"
)
