"""What people read: tables, figures and the formats they are written in."""
