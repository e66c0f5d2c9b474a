-- Measured tides, a partition a month; what is older than two years is archived.
CREATE TABLE tides (
    harbour text NOT NULL,
    measured_at timestamptz NOT NULL,
    level_m numeric(6, 3) NOT NULL,
    flags integer[],
    remark text,
    PRIMARY KEY (harbour, measured_at)
) PARTITION BY RANGE (measured_at);

SELECT waybill.register_dataset(
    'tides',
    partition_unit => 'month',
    archive_after => '2 years'
);
