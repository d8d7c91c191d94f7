package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

var (
	secretName = regexp.MustCompile(`(?i)(password|secret|token|auth|_key)`)
	// Options of programs that take a secret as the next argument.
	secretOption = regexp.MustCompile(`(?i)^--?[\w-]*(pass|secret|token)[\w-]*$`)
	urlPattern   = regexp.MustCompile(`\w+://[^\s"']+`)
)

// audit returns what makes a service of a compose file unsafe: a missing limit or confinement, or a secret
// that has a value without its variable.
func audit(ctx context.Context, file string) ([]string, error) {
	variables, err := variablesOf(ctx, file)
	if err != nil {
		return nil, err
	}
	var findings, secrets []string
	environment := map[string]string{}
	for name, variable := range variables {
		environment[name] = cmp.Or(variable.DefaultValue, "value")
		if secretName.MatchString(name) {
			environment[name] = "secret-of-" + name
			secrets = append(secrets, name)
			if variable.DefaultValue != "" {
				findings = append(findings, fmt.Sprintf("${%s} has a default", name))
			}
		}
	}
	slices.Sort(secrets)
	for _, name := range secrets {
		without := map[string]string{}
		for other, value := range environment {
			without[other] = value
		}
		without[name] = ""
		// A clear refusal names the variable and what to do.
		_, err := load(ctx, file, without)
		if err == nil {
			findings = append(findings, fmt.Sprintf("services start without a value of ${%s}", name))
		} else if !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "set it in") {
			findings = append(findings, fmt.Sprintf("without ${%s} the message is unclear: %v", name, err))
		}
	}
	project, err := load(ctx, file, environment)
	if err != nil {
		return nil, err
	}
	for _, name := range project.ServiceNames() {
		for _, problem := range problems(project.Services[name]) {
			findings = append(findings, name+": "+problem)
		}
	}
	return findings, nil
}

func load(ctx context.Context, file string, environment map[string]string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file}, environ(environment), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// variablesOf returns the variables that the services of a file are made of.
func variablesOf(ctx context.Context, file string) (map[string]template.Variable, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithProfiles([]string{"*"}),
		cli.WithInterpolation(false), cli.WithConsistency(false), cli.WithNormalization(false))
	if err != nil {
		return nil, err
	}
	model, err := options.LoadModel(ctx)
	if err != nil {
		return nil, err
	}
	return template.ExtractVariables(model, template.DefaultPattern), nil
}

func environ(values map[string]string) cli.ProjectOptionsFn {
	var list []string
	for name, value := range values {
		list = append(list, name+"="+value)
	}
	return cli.WithEnv(list)
}

// problems returns what a service lacks.
func problems(service types.ServiceConfig) []string {
	var found []string
	require := func(holds bool, problem string) {
		if !holds {
			found = append(found, problem)
		}
	}
	limits := &types.Resource{}
	if service.Deploy != nil && service.Deploy.Resources.Limits != nil {
		limits = service.Deploy.Resources.Limits
	}
	require(limits.MemoryBytes > 0 || service.MemLimit > 0, "its memory has no limit")
	require(limits.Pids > 0 || service.PidsLimit > 0, "its processes have no limit")
	require(service.ReadOnly, "its root file system can be written to")
	require(slices.Contains(service.CapDrop, "ALL") && len(service.CapAdd) == 0, "it keeps capabilities")
	require(slices.Contains(service.SecurityOpt, "no-new-privileges:true"), "it may gain privileges")
	require(!service.Privileged, "it is privileged")
	require(service.NetworkMode != "host" && service.Pid != "host" && service.Ipc != "host", "it shares a namespace of the host")
	require(service.Restart != "", "it is not restarted")
	require(service.Build != nil || pinned(service.Image), "its image is not pinned")
	for _, port := range service.Ports {
		require(port.HostIP == "127.0.0.1", fmt.Sprintf("port %s is published to other machines", port.Published))
	}
	for _, volume := range service.Volumes {
		require(!strings.HasSuffix(volume.Source, "docker.sock"), "it controls the engine")
	}
	for name, value := range service.Environment {
		if value != nil {
			// Switches such as MARIADB_RANDOM_ROOT_PASSWORD are not secrets.
			require(!secretName.MatchString(name) || given(*value) || *value == "yes", fmt.Sprintf("%s has a literal value", name))
			require(literalURLs(*value) == 0, fmt.Sprintf("%s contains a literal password", name))
		}
	}
	// Where every caller is allowed, a page whose name is made to point to this machine is one (DNS rebinding).
	hosts := service.Environment["QUARRY_SERVER__ALLOWED_HOSTS"]
	require(service.Environment["QUARRY_INSECURE_LISTEN"] == nil || (hosts != nil && *hosts != ""), "it answers under any name")
	arguments := append(slices.Clone(service.Command), service.Entrypoint...)
	for n, argument := range arguments {
		require(literalURLs(argument) == 0, "its command contains a literal password")
		if secretOption.MatchString(argument) && n+1 < len(arguments) {
			require(given(arguments[n+1]), fmt.Sprintf("%s has a literal value", argument))
		}
	}
	// Without one it answers everyone on the network; PostgreSQL and MariaDB refuse to start.
	require(!isImage(service.Image, "redis") || slices.ContainsFunc(arguments, secretOption.MatchString), "it has no password")
	slices.Sort(found)
	return slices.Compact(found)
}

// given reports whether a value is that of a variable.
func given(value string) bool { return strings.HasPrefix(value, "secret-of-") }

// literalURLs returns the number of URLs with a password that is not the value of a variable.
func literalURLs(value string) int {
	count := 0
	for _, text := range urlPattern.FindAllString(value, -1) {
		if parsed, err := url.Parse(text); err == nil && parsed.User != nil {
			if password, has := parsed.User.Password(); !has || !given(password) {
				count++
			}
		}
	}
	return count
}

// isImage reports whether an image has a name, whatever its registry and tag.
func isImage(image, name string) bool {
	base, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return base == name
}

// pinned reports whether an image has a digest, or a tag with a version.
func pinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	_, tag, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return found && strings.ContainsAny(tag, "0123456789")
}
