-- `believed_on`: the newest day that expiry believed, by which reminders go (Profile §11.5). `expired_on` may be of a clock that was behind.
INSERT INTO counter (name, value) SELECT 'believed_on', value FROM counter WHERE name = 'expired_on';
