"""One person's data: found by phone number or e-mail address in all that is kept, and gone."""
