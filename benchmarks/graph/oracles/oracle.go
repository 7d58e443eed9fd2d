// Command oracle prints what go/types says of each name in the Go packages below a folder, as JSON a line.
//
//	go run oracle.go FOLDER
//
// A package is checked with its own tests, then its external tests are checked against that. Packages of other
// modules are taken from where the go command has them; one that is missing makes its names unknown, no error.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

type target struct {
	Path string `json:"path"`
	Line int    `json:"line"`
}

type site struct {
	Path    string   `json:"path"`
	Line    int      `json:"line"`
	Column  int      `json:"column"`
	Name    string   `json:"name"`
	Call    bool     `json:"call"`
	Verdict string   `json:"verdict"`
	Targets []target `json:"targets"`
}

type oracle struct {
	root     string
	files    *token.FileSet
	other    types.ImporterFrom
	packages map[string]*types.Package // by folder, without tests
	variants map[string][]target       // by folder, receiver and name, in all files whatever their build tags
	out      *json.Encoder
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: oracle FOLDER")
		os.Exit(2)
	}
	root, err := filepath.Abs(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	build.Default.CgoEnabled = false
	files := token.NewFileSet()
	o := &oracle{
		root:     root,
		files:    files,
		other:    importer.ForCompiler(files, "source", nil).(types.ImporterFrom),
		packages: map[string]*types.Package{},
		variants: map[string][]target{},
		out:      json.NewEncoder(os.Stdout),
	}
	folders := o.folders()
	for _, folder := range folders {
		o.collect(folder)
	}
	for _, folder := range folders {
		o.describe(folder)
	}
}

func (o *oracle) folders() []string {
	var found []string
	filepath.WalkDir(o.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		name := entry.Name()
		if path != o.root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
			return filepath.SkipDir
		}
		found = append(found, path)
		return nil
	})
	return found
}

// collect notes each function of a folder, so that all of its variants under build tags are right.
func (o *oracle) collect(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, name := range names {
		set := token.NewFileSet()
		file, _ := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if file == nil {
			continue
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				key := folder + "\n" + receiver(function) + "\n" + function.Name.Name
				where := target{o.relative(name), set.Position(function.Name.Pos()).Line}
				o.variants[key] = append(o.variants[key], where)
			}
		}
	}
}

func receiver(function *ast.FuncDecl) string {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return ""
	}
	kind := function.Recv.List[0].Type
	for {
		switch inner := kind.(type) {
		case *ast.StarExpr:
			kind = inner.X
		case *ast.IndexExpr:
			kind = inner.X
		case *ast.IndexListExpr:
			kind = inner.X
		case *ast.ParenExpr:
			kind = inner.X
		case *ast.Ident:
			return inner.Name
		default:
			return ""
		}
	}
}

func (o *oracle) describe(folder string) {
	found, err := build.ImportDir(folder, 0)
	if err != nil && found == nil {
		return
	}
	info, names := o.info(), append(append([]string{}, found.GoFiles...), found.TestGoFiles...)
	inside, parsed := o.check(folder, names, info, nil)
	o.print(parsed, info)
	if len(found.XTestGoFiles) > 0 {
		info = o.info()
		_, parsed = o.check(folder, found.XTestGoFiles, info, map[string]*types.Package{folder: inside})
		o.print(parsed, info)
	}
}

func (o *oracle) info() *types.Info {
	return &types.Info{
		Uses: map[*ast.Ident]types.Object{},
	}
}

func (o *oracle) check(
	folder string, names []string, info *types.Info, tested map[string]*types.Package,
) (*types.Package, []*ast.File) {
	var parsed []*ast.File
	for _, name := range names {
		file, _ := parser.ParseFile(o.files, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if file != nil {
			parsed = append(parsed, file)
		}
	}
	config := types.Config{Importer: &within{o, tested}, Error: func(error) {}, FakeImportC: true}
	checked, _ := config.Check(folder, o.files, parsed, info)
	return checked, parsed
}

// within imports packages of the folder's modules from their files there, and others as the go command would.
type within struct {
	*oracle
	tested map[string]*types.Package
}

func (w *within) Import(path string) (*types.Package, error) { return w.ImportFrom(path, w.root, 0) }

func (w *within) ImportFrom(path, from string, mode types.ImportMode) (*types.Package, error) {
	folder := w.folderOf(path, from)
	if folder == "" {
		return w.other.ImportFrom(path, from, mode)
	}
	if checked, ok := w.tested[folder]; ok {
		return checked, nil
	}
	if checked, ok := w.packages[folder]; ok {
		if checked == nil {
			return nil, fmt.Errorf("%s imports itself", path)
		}
		return checked, nil
	}
	w.packages[folder] = nil
	found, err := build.ImportDir(folder, 0)
	if err != nil && found == nil {
		return nil, err
	}
	checked, _ := w.check(folder, found.GoFiles, nil, nil)
	w.packages[folder] = checked
	return checked, nil
}

// folderOf returns where a package of a module below the root stands; empty for other modules.
func (o *oracle) folderOf(path, from string) string {
	for folder := from; strings.HasPrefix(folder, o.root); folder = filepath.Dir(folder) {
		module := moduleOf(folder)
		if module == "" {
			continue
		}
		if path != module && !strings.HasPrefix(path, module+"/") {
			return ""
		}
		inside := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(path, module)))
		if _, err := os.Stat(inside); err == nil {
			return inside
		}
		return ""
	}
	return ""
}

func moduleOf(folder string) string {
	text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "module" {
			return strings.Trim(words[1], "\"")
		}
	}
	return ""
}

func (o *oracle) print(parsed []*ast.File, info *types.Info) {
	for _, file := range parsed {
		called := map[*ast.Ident]bool{}
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if name := callee(call.Fun); name != nil {
					called[name] = true
				}
			}
			return true
		})
		var names []*ast.Ident
		ast.Inspect(file, func(node ast.Node) bool {
			if name, ok := node.(*ast.Ident); ok && info.Uses[name] != nil {
				names = append(names, name)
			}
			return true
		})
		sort.Slice(names, func(i, j int) bool { return names[i].Pos() < names[j].Pos() })
		for _, name := range names {
			o.printName(name, info.Uses[name], called[name])
		}
	}
}

func callee(function ast.Expr) *ast.Ident {
	switch inner := function.(type) {
	case *ast.ParenExpr:
		return callee(inner.X)
	case *ast.IndexExpr:
		return callee(inner.X)
	case *ast.IndexListExpr:
		return callee(inner.X)
	case *ast.SelectorExpr:
		return inner.Sel
	case *ast.Ident:
		return inner
	}
	return nil
}

func (o *oracle) printName(name *ast.Ident, object types.Object, called bool) {
	place := o.files.Position(name.Pos())
	found := site{o.relative(place.Filename), place.Line, place.Column, name.Name, called, "external", []target{}}
	at := o.files.Position(object.Pos())
	internal := at.IsValid() && strings.HasPrefix(at.Filename, o.root+string(filepath.Separator))
	switch object := object.(type) {
	case *types.PkgName:
		return
	case *types.Func:
		if internal {
			found.Verdict, found.Targets = "internal", o.targets(object.Origin())
		}
	case *types.TypeName:
		found.Call = false // a conversion
		if internal {
			found.Verdict, found.Targets = "internal", []target{{o.relative(at.Filename), at.Line}}
		}
	case *types.Builtin:
	default:
		found.Verdict = "value"
	}
	if found.Call || found.Verdict == "internal" {
		o.out.Encode(found)
	}
}

func (o *oracle) targets(function *types.Func) []target {
	at := o.files.Position(function.Pos())
	owner := ""
	if taken := function.Type().(*types.Signature).Recv(); taken != nil {
		kind := taken.Type()
		if pointer, ok := kind.(*types.Pointer); ok {
			kind = pointer.Elem()
		}
		if named, ok := kind.(*types.Named); ok {
			owner = named.Obj().Name()
		}
	}
	found := []target{{o.relative(at.Filename), at.Line}}
	for _, variant := range o.variants[filepath.Dir(at.Filename)+"\n"+owner+"\n"+function.Name()] {
		if variant != found[0] {
			found = append(found, variant)
		}
	}
	return found
}

func (o *oracle) relative(path string) string {
	short, err := filepath.Rel(o.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(short)
}
