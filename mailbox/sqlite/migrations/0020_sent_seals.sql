-- The gateway's seal of what went out (Profile §8.10): what was kept before there were any, or by a gateway without a key, has none.
ALTER TABLE sent_out ADD COLUMN seal BLOB;
