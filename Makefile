# The two commands of the README, and what packagers need.
.PHONY: run test release

BINARIES = -p procession -p procession-exporter -p procession-scraper -p procession-dashboards

# This host's processes, scraped into DuckDB, charted in the browser. Data lies in ./data.
run:
	features=$$(ci/libduckdb) && bpf=$$(ci/bpf) && cargo build --release --locked $$features $$bpf -p procession
	exec target/release/procession --storage.path data

# Everything that CI runs.
test:
	ci/test

# Self-contained binaries in target/dist: DuckDB is compiled in, which takes long.
release:
	bpf=$$(ci/bpf) && cargo build --profile dist --locked --features bundled $$bpf $(BINARIES)
