// Prints, for each case read from standard input, the files that BuildKit's own matcher keeps.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type testCase struct {
	Ignore string   `json:"ignore"`
	Files  []string `json:"files"`
}

type answer struct {
	Kept  []string `json:"kept"`
	Error string   `json:"error"`
}

var builtBy = "nobody"

func main() {
	if len(os.Args) > 1 {
		os.Stdout.WriteString(builtBy + "\n")
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var given testCase
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			panic(err)
		}
		kept, err := keep(given)
		told := answer{Kept: kept}
		if err != nil {
			told = answer{Error: err.Error()}
		}
		if err := out.Encode(told); err != nil {
			panic(err)
		}
	}
}

// keep walks as github.com/tonistiigi/fsutil does: a folder's matches are handed to what is in it.
func keep(given testCase) ([]string, error) {
	patterns, err := ignorefile.ReadAll(strings.NewReader(given.Ignore))
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	known := map[string]patternmatcher.MatchInfo{}
	var matches func(name string) (bool, error)
	matches = func(name string) (bool, error) {
		var above patternmatcher.MatchInfo
		if folder := path.Dir(name); folder != "." {
			if _, seen := known[folder]; !seen {
				if _, err := matches(folder); err != nil {
					return false, err
				}
			}
			above = known[folder]
		}
		ignored, info, err := matcher.MatchesUsingParentResults(name, above)
		known[name] = info
		return ignored, err
	}
	kept := []string{}
	for _, name := range given.Files {
		ignored, err := matches(name)
		if err != nil {
			return nil, err
		}
		if !ignored {
			kept = append(kept, name)
		}
	}
	sort.Strings(kept)
	return kept, nil
}
