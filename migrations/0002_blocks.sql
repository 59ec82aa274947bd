-- Sealed blocks: Parquet files under `blocks/` beside this database hold what the hot table no longer does.
--
-- When the hot table is full it is renamed to `head_closed`, a new one takes its place, and the closed one is written into
-- a block. One transaction then empties `head_closed` and says so here, so that every snapshot of this database tells
-- exactly which blocks belong to it.

CREATE TABLE head_closed (
    series_id UINTEGER NOT NULL,
    ts        BIGINT   NOT NULL,
    value     DOUBLE,
    stale     BOOLEAN  NOT NULL
);

-- The number of the last block whose rows have left this database, and of the block that `head_closed` is to become
-- (0 where nothing is closed).
ALTER TABLE head_commit ADD COLUMN sealed UINTEGER DEFAULT 0;
ALTER TABLE head_commit ADD COLUMN closing UINTEGER DEFAULT 0;
