-- Grain: one row per key that the source holds now.
create temporary table if not exists present (
    key text collate "C"
) on commit delete rows;
