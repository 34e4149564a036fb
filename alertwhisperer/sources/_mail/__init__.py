"""Mail: reading one message whatever it holds, and fetching messages by IMAP."""
