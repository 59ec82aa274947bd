-- Exemplars: references from a sample to something outside, most often a trace. The newest are kept, a bounded number.
--
-- Rows are added as exemplars arrive. Those that have left the scraper's memory stay until there are twice as many rows
-- as it keeps; then the table is written anew.

CREATE TABLE head_exemplars (
    name            VARCHAR NOT NULL,                -- of the series
    labels          MAP(VARCHAR, VARCHAR) NOT NULL,  -- of the series
    exemplar_labels MAP(VARCHAR, VARCHAR) NOT NULL,  -- its own: exemplar_labels['trace_id']
    ts              BIGINT  NOT NULL,                -- milliseconds since 1970-01-01 00:00 UTC
    value           DOUBLE  NOT NULL
);

CREATE VIEW exemplars AS
SELECT name, labels, exemplar_labels, make_timestamp_ms(ts) AS time, ts, value
FROM head_exemplars;

COMMENT ON VIEW exemplars IS 'One row for each exemplar: what a sample refers to, such as a trace';
COMMENT ON COLUMN exemplars.name IS 'Metric name of the series';
COMMENT ON COLUMN exemplars.labels IS 'The other labels of the series';
COMMENT ON COLUMN exemplars.exemplar_labels IS 'The exemplar''s own labels: exemplar_labels[''trace_id'']';
COMMENT ON COLUMN exemplars.time IS 'When, UTC';
COMMENT ON COLUMN exemplars.ts IS 'When, in milliseconds since 1970; quick to filter by';
COMMENT ON COLUMN exemplars.value IS 'The value that was observed';
