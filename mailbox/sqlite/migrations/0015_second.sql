-- Receipts that only came second (Profile §8.3) and those that were refused (§8.4) are kept apart: each kind has its numbers, and its
-- oldest go by them.
ALTER TABLE refused_receipt ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refused_receipt ADD COLUMN n INTEGER NOT NULL DEFAULT 0;

UPDATE refused_receipt SET repeated = code = 'repeated';

UPDATE refused_receipt SET n = numbered.n
FROM (SELECT id, row_number() OVER (PARTITION BY repeated ORDER BY id) AS n FROM refused_receipt) numbered
WHERE numbered.id = refused_receipt.id;

CREATE UNIQUE INDEX refused_receipt_kind ON refused_receipt (repeated, n);
