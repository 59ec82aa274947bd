-- What targets say about their metric families, as long as it is known: a row for each different description.

CREATE TABLE head_families (
    name VARCHAR NOT NULL,  -- of the family
    type VARCHAR NOT NULL,  -- 'counter', 'gauge', ...
    help VARCHAR NOT NULL,
    unit VARCHAR NOT NULL   -- '' where there is none
);

CREATE VIEW families AS
SELECT name, type, help, unit
FROM head_families;

COMMENT ON VIEW families IS 'One row for each description of a metric family; the last one of a name is the newest';
COMMENT ON COLUMN families.name IS 'The family: the metric without _total, _bucket and the like';
COMMENT ON COLUMN families.type IS 'counter, gauge, histogram, ...';
COMMENT ON COLUMN families.help IS 'What it is, in words';
COMMENT ON COLUMN families.unit IS 'Its unit; empty where there is none';
