package container

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// chart renders the chart with the functions of helm that it uses, each as helm documents
// it: https://helm.sh/docs/chart_template_guide/function_list/
func chart(t *testing.T, image string) ([]map[string]any, error) {
	t.Helper()
	root := filepath.Join(testenv.Root(t), "contrib", "helm", "pinwheel")
	data, err := os.ReadFile(filepath.Join(root, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.Load(data, &values); err != nil {
		t.Fatal(err)
	}
	values["image"] = image
	text, err := os.ReadFile(filepath.Join(root, "templates", "pinwheel.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := template.New("pinwheel").Option("missingkey=error").Funcs(template.FuncMap{
		"quote":     func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
		"sha256sum": func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) },
		"nindent": func(n int, s string) string {
			return "\n" + strings.Repeat(" ", n) + strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", n))
		},
		"toYaml": func(v any) (string, error) {
			out, err := yaml.Dump(v)
			return strings.TrimSuffix(string(out), "\n"), err
		},
		"required": func(why string, v string) (string, error) {
			if v == "" {
				return "", errors.New(why)
			}
			return v, nil
		},
	}).Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := tpl.Execute(&out, map[string]any{"Values": values, "Release": map[string]any{"Name": "pinwheel"}}); err != nil {
		return nil, err
	}
	var docs []map[string]any
	for d := yaml.NewDecoder(&out); ; {
		var one map[string]any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, one)
	}
}

// The chart makes what contrib/kubernetes/deployment.yaml has, and a configuration that
// pinwheel takes.
func TestChart(t *testing.T) {
	docs, err := chart(t, "registry.example.com/pinwheel:latest")
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 3 || at(docs[0], "kind") != "ConfigMap" || at(docs[1], "kind") != "PersistentVolumeClaim" || at(docs[2], "kind") != "Deployment" {
		t.Fatalf("%v", docs)
	}
	text, _ := at(docs[0], "data", "pinwheel.yaml").(string)
	c, err := config.Parse("pinwheel.yaml", []byte(text))
	if err != nil || c.Store != "/data/pinwheel.db" {
		t.Errorf("its configuration: %v\n%s", err, text)
	}
	plain := documents(t, "contrib/kubernetes/deployment.yaml")
	for _, same := range [][]any{{"spec", "replicas"}, {"spec", "strategy"}, {"spec", "selector"}, {"spec", "template", "spec"}, {"spec", "template", "metadata", "labels"}} {
		if got, want := at(docs[2], same...), at(plain[0], same...); !reflect.DeepEqual(got, want) || want == nil {
			t.Errorf("%v is\n%v, in contrib/kubernetes\n%v", same, got, want)
		}
	}
	if !reflect.DeepEqual(at(docs[1], "spec"), at(plain[1], "spec")) {
		t.Errorf("the volume is %v, in contrib/kubernetes %v", docs[1], plain[1])
	}
	if _, err := chart(t, ""); err == nil || !strings.Contains(err.Error(), "name the image that you built") {
		t.Errorf("without an image: %v", err)
	}
}
