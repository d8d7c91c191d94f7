use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "search_logs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) session_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) query: String,
    pub(crate) query_key: String,
    pub(crate) truncated: bool,
    pub(crate) keystrokes: i64,
    pub(crate) result_count: Option<i64>,
    pub(crate) tier: Option<String>,
    pub(crate) relaxed: Option<bool>,
    pub(crate) context: Option<String>,
    pub(crate) reason: String,
    pub(crate) started_at: DateTimeWithTimeZone,
    pub(crate) last_keystroke_at: DateTimeWithTimeZone,
    pub(crate) logged_at: DateTimeWithTimeZone,
    pub(crate) call_id: Uuid,
    pub(crate) revision: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
