/// The attributes of `deploy`.
enum DeployAttribute: String, Vocabulary {
    case path, keep, build, shared, rehearse
    case preDeploy = "pre_deploy"
    case postDeploy = "post_deploy"
    case onFailure = "on_failure"
}

/// The attributes of a command in it.
enum TaskAttribute: String, Vocabulary {
    case command, timeout
}

/// The attributes of `rehearse` in it.
enum RehearseAttribute: String, Vocabulary {
    case paths, timeout
}
