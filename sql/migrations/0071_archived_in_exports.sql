-- An export says which partitions it has no rows of, since they are archived.
ALTER TABLE waybill.exports ADD COLUMN archived text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN waybill.exports.archived IS
    'The partitions that were archived when the attempt began; rows of none of them are in its files.';
