-- Which of the news may have several copies; all others need no second look.
--
-- Reads   news, earlier
-- Gives   repeated      id, once. Two events that share an id by chance are both in here, and are
--                       told apart in `copies`: chance costs a look, never an event
with numbered as (
    -- A window finds the second copy with less work than counting groups that are nearly all one.
    select id, row_number() over (partition by id order by id) as number from news
)

select id from numbered where number = 2
union
select id from earlier
