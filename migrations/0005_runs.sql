-- The hot tables keep samples in runs: a row for those of one moment whose series have consecutive numbers, as a scraped page
-- most often is. With a row for each sample, DuckDB's work for each row and column was most of what taking samples in cost.

CREATE TABLE head_runs (
    batch     UBIGINT  NOT NULL, -- the number of the batch that it came with
    ts        BIGINT   NOT NULL, -- milliseconds since 1970-01-01 00:00 UTC
    series_id UINTEGER NOT NULL, -- of the first sample; each that follows is of the next series
    samples   BLOB     NOT NULL  -- the values: 8 bytes each, an IEEE double, the highest byte first
);

CREATE TABLE head_closed_runs (
    batch     UBIGINT  NOT NULL,
    ts        BIGINT   NOT NULL,
    series_id UINTEGER NOT NULL,
    samples   BLOB     NOT NULL
);

-- The double that marks the end of a series.
CREATE MACRO stale_bits() AS '\x7F\xF0\x00\x00\x00\x00\x00\x02'::BLOB;

INSERT INTO head_runs
SELECT batches, ts, series_id, CASE WHEN stale THEN stale_bits() ELSE value::BIT::BLOB END
FROM head_samples, head_commit;

INSERT INTO head_closed_runs
SELECT batches, ts, series_id, CASE WHEN stale THEN stale_bits() ELSE value::BIT::BLOB END
FROM head_closed, head_commit;

DROP TABLE head_samples;
DROP TABLE head_closed;

-- As what they were: a row for each sample. `head_commit.batches` is from now on raised only when runs leave; a batch counts
-- when it is there or its runs are.
CREATE VIEW head_samples AS
SELECT (series_id + i)::UINTEGER AS series_id,
       ts,
       CASE WHEN bits = stale_bits() THEN NULL ELSE bits::BIT::DOUBLE END AS value,
       bits = stale_bits() AS stale
FROM (SELECT series_id, ts, i, samples[8 * i + 1 : 8 * i + 8] AS bits
      FROM (SELECT series_id, ts, samples, unnest(range(octet_length(samples) // 8)) AS i FROM head_runs));

CREATE VIEW head_closed AS
SELECT (series_id + i)::UINTEGER AS series_id,
       ts,
       CASE WHEN bits = stale_bits() THEN NULL ELSE bits::BIT::DOUBLE END AS value,
       bits = stale_bits() AS stale
FROM (SELECT series_id, ts, i, samples[8 * i + 1 : 8 * i + 8] AS bits
      FROM (SELECT series_id, ts, samples, unnest(range(octet_length(samples) // 8)) AS i FROM head_closed_runs));
