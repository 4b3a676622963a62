-- `kept_for`: for how many days content was kept when expiry ran last, 0 where that was not written down (Profile §11.5).
INSERT INTO counter (name, value) VALUES ('kept_for', 0);
