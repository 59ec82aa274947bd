-- The hot database of Procession, `head.duckdb`: every sample as it arrives, until it is sealed.
--
-- For people and their tools: ask the views `samples` and `series`. Their names and columns are a promise that later
-- versions keep, wherever the rows lie. The tables `head_*` behind them belong to the scraper and may change.
--
-- Nothing here has a primary key, a unique constraint or an index: DuckDB would keep an ART index in memory for each and
-- pay for it on every insert. What must be unique is made so by the one writer.

-- A series is what one metric of one source is called: a metric name and labels. Rows are only ever added.
CREATE TABLE head_series (
    series_id UINTEGER NOT NULL,             -- given by the writer, in order of appearance
    name      VARCHAR  NOT NULL,             -- the metric name; '' where a series has none
    labels    MAP(VARCHAR, VARCHAR) NOT NULL -- every other label, in the order of their names: labels['instance']
);

-- One row for each sample, in the order of arrival; those of one series ascend in time.
CREATE TABLE head_samples (
    series_id UINTEGER NOT NULL,
    ts        BIGINT   NOT NULL,             -- milliseconds since 1970-01-01 00:00 UTC
    value     DOUBLE,                        -- NULL exactly where stale
    stale     BOOLEAN  NOT NULL              -- the series ended here: its source no longer shows it, or is gone
);

-- How many batches are in the tables above: one row, raised in the transaction that adds them. A reader that sees
-- it in its snapshot knows which of the batches in memory it has already read from the table.
CREATE TABLE head_commit (
    batches UBIGINT NOT NULL
);
INSERT INTO head_commit VALUES (0);

CREATE VIEW series AS
SELECT series_id, name, labels
FROM head_series;

-- A row for each sample with what it is called. `time` is for reading, `ts` is quicker to filter by:
-- `WHERE ts >= epoch_ms(TIMESTAMP '2026-01-31 12:00:00')` skips what lies before, a condition on `time` reads it all.
CREATE VIEW samples AS
SELECT s.name,
       s.labels,
       h.series_id,
       make_timestamp_ms(h.ts) AS time,      -- UTC
       h.ts,
       h.value,
       h.stale
FROM head_samples h
JOIN head_series s USING (series_id);

COMMENT ON VIEW series IS 'One row for each series: a metric name and labels';
COMMENT ON COLUMN series.series_id IS 'Number of the series in this database';
COMMENT ON COLUMN series.name IS 'Metric name, empty where there is none';
COMMENT ON COLUMN series.labels IS 'The other labels: labels[''instance'']';
COMMENT ON VIEW samples IS 'One row for each sample of each series';
COMMENT ON COLUMN samples.name IS 'Metric name, empty where there is none';
COMMENT ON COLUMN samples.labels IS 'The other labels: labels[''instance'']';
COMMENT ON COLUMN samples.series_id IS 'Number of the series, as in the view series';
COMMENT ON COLUMN samples.time IS 'When, UTC';
COMMENT ON COLUMN samples.ts IS 'When, in milliseconds since 1970; quick to filter by';
COMMENT ON COLUMN samples.value IS 'The value; NULL where stale';
COMMENT ON COLUMN samples.stale IS 'Whether the series ended here';
