// Command compose-check reads compose files as `docker compose config` does, by the library that it
// is made of.
//
//	compose-check [--env-file FILE] FILE   prints the services that it would start
//	compose-check --audit FILE             prints what makes a service of any profile unsafe, and fails
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
	auditing := flag.Bool("audit", false, "check services instead of printing them")
	flag.Parse()
	if *auditing {
		findings, err := audit(context.Background(), flag.Arg(0))
		if err != nil {
			fail(err)
		}
		for _, finding := range findings {
			fmt.Fprintln(os.Stderr, finding)
		}
		if len(findings) > 0 {
			os.Exit(1)
		}
		return
	}
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
