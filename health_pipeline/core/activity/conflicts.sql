-- Some copies that say something else than the copy that counts, for people to look at.
--
-- Reads   repeats
-- Gives   source, event_id, known_on, and for each cell whether it differs; the first 20, sorted
select *
from repeats
where occurred_at or source_user_id or source_account_id or event_name or feature or quantity
order by
    source, event_id, known_on, occurred_at, source_user_id, source_account_id, event_name,
    feature, quantity
limit 20
