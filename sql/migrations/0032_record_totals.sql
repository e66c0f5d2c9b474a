-- How many records of a merge are of each class, by partition.

CREATE TYPE waybill.record_total AS (
    class waybill.record_class,
    -- Start of the partition that they go to, and of the one that their rows are in now.
    partition_start timestamp,
    old_partition timestamp,
    records bigint
);

ALTER TYPE waybill.merge_plan ADD ATTRIBUTE totals waybill.record_total[];
