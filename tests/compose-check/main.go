// Command compose-check reads compose files as `docker compose config` does, by the library that it
// is made of, and prints the services that it would start: compose-check [--env-file FILE] FILE.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	envFile := flag.String("env-file", "", "variables, in place of .env beside the file")
	flag.Parse()
	var envFiles []string
	if *envFile != "" {
		envFiles = []string{*envFile}
	}
	// As the command does it: variables first, since they may name profiles.
	options, err := cli.NewProjectOptions(flag.Args(),
		cli.WithEnvFiles(envFiles...), cli.WithDotEnv, cli.WithDefaultProfiles())
	if err != nil {
		fail(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		fail(err)
	}
	names := project.ServiceNames()
	sort.Strings(names)
	for _, name := range names {
		fmt.Println(name)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
