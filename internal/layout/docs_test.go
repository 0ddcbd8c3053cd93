package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read returns a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(data)
}

// markdown lists the pages of the repository.
func markdown(t *testing.T) (pages []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(repository), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if path.Ext(name) == ".md" {
			pages = append(pages, name)
		}
		return err
	})
	require.NoError(t, err)
	return pages
}

var (
	fence  = regexp.MustCompile("(?s)```.*?```")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quoted = regexp.MustCompile("`([^`\n]+)`")
)

// What a page links to in the repository is there.
func TestLinks(t *testing.T) {
	pages := markdown(t)
	require.Contains(t, pages, "README.md")
	links := 0
	for _, page := range pages {
		text := quoted.ReplaceAllStringFunc(fence.ReplaceAllString(read(t, page), ""), func(code string) string {
			return strings.Trim(code, "`") // a link may show code
		})
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") {
				continue
			}
			links++
			_, err := os.Stat(filepath.Join(repository, filepath.FromSlash(path.Join(path.Dir(page), to))))
			require.NoError(t, err, page)
		}
	}
	require.Greater(t, links, 50)
}

// cells are those of the rows of the tables of a page, whatever is above and between them; a stroke behind a backslash is none.
func cells(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "∣")
		if strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "|---") {
			row := strings.Split(strings.Trim(line, "|"), "|")
			for i := range row {
				row[i] = strings.TrimSpace(row[i])
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Every test that docs/correctness.md names exists, and every row names one.
func TestCorrectnessNamesTests(t *testing.T) {
	tr, err := readRepository()
	require.NoError(t, err)
	tests := map[string]bool{}
	for _, p := range tr.packages {
		for _, f := range p.files {
			if f.test {
				for name := range f.Scope.Objects {
					tests[p.dir+"."+name] = true
				}
			}
		}
	}
	named := 0
	for _, row := range cells(read(t, "docs/correctness.md")) {
		last := row[len(row)-1]
		if last == "test" {
			continue
		}
		names := quoted.FindAllStringSubmatch(last, -1)
		require.NotEmpty(t, names, row)
		for _, m := range names {
			require.Regexp(t, `\.Test[A-Z0-9]`, m[1])
			require.True(t, tests[m[1]], "docs/correctness.md names %s, which is not there", m[1])
			named++
		}
	}
	require.Greater(t, named, 80)
}

// exported are the names of the API, as the text under api/ has it: of each package, by the last part of its path, the names at its
// top level, and with a dot between methods, fields and type.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "api", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var (
		method = regexp.MustCompile(`^method \(\*?(\w+)[^)]*\) (\w+)`)
		field  = regexp.MustCompile(`^type (\w+)(?:\[.*?\])? (?:struct|interface), (?:embedded )?(\w+)`)
		top    = regexp.MustCompile(`^(?:const|var|type|func) (\w+)`)
	)
	names := map[string]map[string]bool{}
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".txt")
		base = base[strings.LastIndex(base, "-")+1:]
		names[base] = map[string]bool{}
		for line := range strings.Lines(read(t, "api/"+filepath.Base(file))) {
			switch {
			case method.MatchString(line):
				m := method.FindStringSubmatch(line)
				names[base][m[1]+"."+m[2]] = true
			case field.MatchString(line):
				m := field.FindStringSubmatch(line)
				names[base][m[1]+"."+m[2]] = true
				names[base][m[1]] = true
			case top.MatchString(line):
				names[base][top.FindStringSubmatch(line)[1]] = true
			}
		}
	}
	return names
}

// Every row of the glossary but those of what is not there yet has a name in the library, and all of them exist.
func TestGlossaryNamesTheAPI(t *testing.T) {
	names := exported(t)
	text, _, found := strings.Cut(read(t, "docs/glossary.md"), "## Not there yet")
	require.True(t, found)
	terms := 0
	for _, row := range cells(text) {
		require.Len(t, row, 4, row)
		if row[0] == "English" {
			continue
		}
		require.NotEmpty(t, row[0])
		require.Regexp(t, `\p{Han}|^TGI`, row[1])
		require.NotEmpty(t, row[2])
		list := quoted.FindAllStringSubmatch(row[3], -1)
		require.NotEmpty(t, list, row)
		for _, m := range list {
			pkg, name, _ := strings.Cut(m[1], ".")
			require.True(t, names[pkg][name], "docs/glossary.md names %s, which is not in the API", m[1])
		}
		terms++
	}
	require.Greater(t, terms, 50)
}

// Every public package has a page of theory that names of the API are right in: whatever stands between backquotes and begins with a
// capital, alone or behind a package, is exported by a package of the library, or a word that is listed here.
func TestTheoryNamesTheAPI(t *testing.T) {
	names := exported(t)
	anywhere := map[string]bool{}
	for _, of := range names {
		for name := range of {
			anywhere[name] = true
			if _, member, ok := strings.Cut(name, "."); ok {
				anywhere[member] = true
			}
		}
	}
	word := regexp.MustCompile(`^(?:([a-z]+)\.)?([A-Z]\w*(?:\.[A-Z]\w*)?)(?:\(.*\))?$`)
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "theory", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	checked := 0
	for _, page := range pages {
		page = "docs/theory/" + filepath.Base(page)
		text := read(t, page)
		require.Contains(t, strings.ToLower(text), "mislead", page)
		require.Contains(t, text, "## Sources", page)
		for _, m := range quoted.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			w := word.FindStringSubmatch(m[1])
			if w == nil || slices.Contains([]string{"VIF"}, m[1]) {
				continue
			}
			checked++
			if of, ok := names[w[1]]; w[1] != "" {
				require.True(t, ok && of[w[2]], "%s names %s, which is not in the API", page, m[1])
				continue
			}
			require.True(t, anywhere[w[2]], "%s names %s, which is not in the API", page, m[1])
		}
	}
	require.Greater(t, checked, 200)
}

var (
	codeBlock = regexp.MustCompile(`(?m)(?:^\t.*\n|^\n)*^\t.*$`)
	leftOut   = regexp.MustCompile(`(?m)^\t+\.\.\.$`)
)

// The documentation of a package starts with the question that it answers, then has code, then the concepts. The code is Go, and what
// it names of the library is there.
func TestPackageDocs(t *testing.T) {
	tr, err := readRepository()
	require.NoError(t, err)
	names := exported(t)
	for _, p := range tr.libraries() {
		if p.internal() {
			continue
		}
		t.Run(p.dir, func(t *testing.T) {
			doc := ""
			for _, f := range p.code() {
				if strings.HasPrefix(f.Doc.Text(), "Package ") {
					doc = f.Doc.Text()
				}
			}
			question, _, _ := strings.Cut(doc, "\n\n")
			require.Regexp(t, `answers|\?`, question, "the first paragraph tells the question")
			before, _, _ := strings.Cut(doc, "\n# ")
			src := ""
			for _, block := range codeBlock.FindAllString(before, -1) {
				if strings.Contains(block, p.name+".") {
					src = leftOut.ReplaceAllString(block, "")
					break
				}
			}
			require.NotEmpty(t, src, "no code before the first heading that uses the package")
			if !strings.Contains(src, "\tfunc ") {
				src = "func example() {\n" + src + "\n}"
			}
			src = "package p\n" + src
			parsed, err := parser.ParseFile(token.NewFileSet(), "", src, 0)
			require.NoError(t, err, src)
			own := false
			ast.Inspect(parsed, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if pkg, ok := s.X.(*ast.Ident); ok && names[pkg.Name] != nil && ast.IsExported(s.Sel.Name) {
						require.True(t, names[pkg.Name][s.Sel.Name], "%s.%s is not in the API", pkg.Name, s.Sel.Name)
						own = own || pkg.Name == p.name
					}
				}
				return true
			})
			require.True(t, own, "the code does not use the package")
		})
	}
}
