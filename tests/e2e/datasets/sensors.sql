-- Sensors of many plants: a dataset that nothing else in the project knows of.
CREATE TABLE sensors (
    plant text NOT NULL,
    tag text NOT NULL,
    limit_value numeric(8, 3) NOT NULL,
    is_live boolean NOT NULL,
    installed date NOT NULL,
    last_seen timestamptz,
    readings bigint,
    feeds_tag text,
    PRIMARY KEY (plant, tag),
    CONSTRAINT limit_is_positive CHECK (limit_value > 0),
    FOREIGN KEY (plant, feeds_tag) REFERENCES sensors (plant, tag)
);
COMMENT ON TABLE sensors IS 'Sensors of many plants.';

SELECT waybill.register_dataset('sensors', null_words => '{NA}');
