#!/usr/bin/env bash
# Everything that is tested, as CI does it: make test calls this.
set -euo pipefail
cd "$(dirname "$0")"

for tool in go node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is needed: install Go 1.26, Node.js and npm first."; exit 1; }
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "== a browser for the end-to-end tests"
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
    { echo "Chromium is needed for the end-to-end tests: install the package chromium."; exit 1; }
  browser=$(command -v chromium)
fi

command -v strace >/dev/null || {
  echo "== strace, for the tests of failing disks"
  apt-get update -qq && apt-get install -y -qq --no-install-recommends strace >/dev/null ||
    { echo "strace is needed for the tests of failing disks: install the package strace."; exit 1; }
}

echo "== assets and program"
make build

echo "== form"
bad=$(gofmt -l bench cmd internal)
[ -z "$bad" ] || { echo "not formatted: $bad"; exit 1; }
go vet ./...
go tool templ generate -path internal/web/view >/dev/null 2>&1
git diff --exit-code --stat -- 'internal/web/view/*_templ.go' || { echo "generated code differs: run make generate and commit"; exit 1; }

echo "== unit, conformance, laws"
go test -count=1 -shuffle=on ./...

echo "== end to end, in a browser"
BROWSER="$browser" node --test --test-reporter=spec ui/test/*.test.mjs
